"""What is late is not sent, whoever sends it; the kernel ends a process that would send it all the same."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from calls.asterisk.sending import TooLate, sending_before, uptime

HELD_UP = """
import time
from calls.asterisk.sending import sending_before, uptime
with sending_before(uptime() + 0.05):
    while True:
        time.sleep(1)
"""


def send(before: float) -> str:
    with sending_before(before):
        return "sent"


def test_what_is_in_time_is_sent() -> None:
    assert send(uptime() + 60) == "sent"


def test_after_its_time_nothing_is_sent_by_the_main_thread_nor_by_another() -> None:
    with pytest.raises(TooLate):
        send(uptime() - 1)
    with ThreadPoolExecutor(1) as others, pytest.raises(TooLate):
        others.submit(send, uptime() - 1).result()


def test_a_process_that_is_still_at_it_when_its_time_is_over_is_ended_by_the_kernel() -> None:
    ended = subprocess.run([sys.executable, "-c", HELD_UP], timeout=30, check=False)
    assert ended.returncode == -signal.SIGALRM
