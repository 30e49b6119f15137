"""The 20 ms clock of telephone audio."""

import threading
import time
from collections.abc import Iterator

FRAME_S = 0.02
SAMPLE_RATE_HZ = 8000
FRAME_SAMPLES = 160


def frames_until(stop: threading.Event) -> Iterator[None]:
    """One turn per 20 ms until `stop` is set. Deadlines are absolute, so that lateness does not add up."""
    deadline = time.monotonic()
    while not stop.wait(max(deadline - time.monotonic(), 0.0)):
        yield
        deadline += FRAME_S
