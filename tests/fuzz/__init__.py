"""Random input for the codecs of the three wires: `python -m tests.fuzz --help`."""
