"""Many worker processes, and what they are told to do at the same moment."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.databases import database_url

ROOT = Path(__file__).resolve().parents[3]
SOON_S = 0.05

Order = tuple[str, dict[str, Any], float]
"""An act, its arguments, and how many seconds after the others it begins."""


class Crew:
    def __init__(self, processes: "Sequence[subprocess.Popen[str]]") -> None:
        self._processes = processes

    @property
    def size(self) -> int:
        return len(self._processes)

    def at_once(self, *orders: Order) -> list[Any]:
        """Each order by a process of its own, at the same moment. AssertionError tells what one of them raised."""
        assert len(orders) <= self.size
        begin = time.monotonic() + SOON_S
        busy = list(zip(self._processes, orders, strict=False))
        for process, (act, args, later_s) in busy:
            assert process.stdin is not None
            process.stdin.write(json.dumps({"begin": begin + later_s, "act": act, "args": args}) + "\n")
            process.stdin.flush()
        answers = [_answer(process) for process, _ in busy]
        errors = [answer["error"] for answer in answers if "error" in answer]
        assert not errors, errors[0]
        return [answer["result"] for answer in answers]


def _answer(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


@contextmanager
def crew(size: int, settings: Mapping[str, str]) -> Iterator[Crew]:
    """`size` processes on the database of the tests."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "LOG_LEVEL": "CRITICAL",
        **settings,
    }
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.campaigns.races.worker"],
                    env=environment,
                    cwd=ROOT,
                    text=True,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            for _ in range(size)
        ]
        try:
            yield Crew(processes)
        finally:
            for process in processes:
                assert process.stdin is not None
                process.stdin.close()
