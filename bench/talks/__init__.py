"""Many talks at once for one gateway: callers on its AudioSocket port, and the model at its other end. Cheap by design.

It speaks both wires, but understands only what it must: the gateway is what is measured.
"""
