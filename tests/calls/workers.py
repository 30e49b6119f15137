"""Worker processes that are killed or stopped on purpose; see tests/calls/crashing_worker.py."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from calls.models import Call
from calls.states import State
from opendeep.core.clock import now
from tests.calls.crashing_control import READY
from tests.calls.pbx import SECRET, USERNAME, SandboxPbx
from tests.databases import database_url
from tests.factories import make_call, make_organization, open_at_any_hour

ROOT = Path(__file__).resolve().parents[2]
END_S = 30.0
KILLED = {-signal.SIGKILL, -signal.SIGALRM}


class Workers:
    """Worker processes that are started one after the other, each for one job and with one fault."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._stopped = 0

    def run(self, call: Call, fault: str, *others: Call) -> int:
        """How the process ended: 0, or the signal as a negative number."""
        return int(self._ask(fault, call, *others))

    def stop(self, call: Call, fault: str) -> None:
        """Returns when the process stands still at `fault`."""
        stopped, process_id = self._ask(f"stop:{fault}", call).split()
        assert stopped == "stopped"
        self._stopped = int(process_id)

    def go_on(self) -> int:
        """Lets the stopped process run on. How it ended, as of run()."""
        os.kill(self._stopped, signal.SIGCONT)
        return int(self._answer())

    def _ask(self, fault: str, *calls: Call) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{','.join(str(call.id) for call in calls)} {fault}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


class Control:
    """A callcontrol that is killed again and again, and started again each time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.died_at: Counter[str] = Counter()
        self._is_there = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() != READY:
                self.died_at[line.strip()] += 1
            self._is_there.set()

    def kill(self, then_at: str) -> None:
        """Kills the present one, and the next one at the fault `then_at`. Returns when that one is ready, or dead."""
        assert self._process.stdin is not None
        self._is_there.clear()
        self._process.stdin.write(f"{then_at}\n")
        self._process.stdin.flush()
        assert self._is_there.wait(END_S), "callcontrol did not come back"

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(END_S) == 0
        self._reader.join()


@contextmanager
def workers(pbx: SandboxPbx, redis_url: str) -> Iterator[Workers]:
    with _process("tests.calls.crashing_worker", pbx, redis_url) as process:
        yield Workers(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(END_S) == 0


@contextmanager
def control(pbx: SandboxPbx, redis_url: str) -> Iterator[Control]:
    with _process("tests.calls.crashing_control", pbx, redis_url) as process:
        running = Control(process)
        try:
            yield running
        finally:
            running.close()


@contextmanager
def _process(module: str, pbx: SandboxPbx, redis_url: str) -> "Iterator[subprocess.Popen[str]]":
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "REDIS_URL": redis_url,
        "ASTERISK_AMI_PORT": str(pbx.port),
        "ASTERISK_AMI_USERNAME": USERNAME,
        "ASTERISK_AMI_SECRET": SECRET,
        "ASTERISK_AMI_EVENTS_USERNAME": USERNAME,
        "ASTERISK_AMI_EVENTS_SECRET": SECRET,
        "CALLS_PER_SECOND": "1000",
        "RING_TIMEOUT_SECONDS": str(settings.RING_TIMEOUT_SECONDS),
        "LOG_LEVEL": "ERROR",
    }
    with subprocess.Popen(
        [sys.executable, "-m", module],
        env=environment,
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        yield process


def ready_call(number: str) -> Call:
    """A call whose voice is ready, of an organization with a pace of its own."""
    organization = make_organization()
    open_at_any_hour(organization)
    at = now()
    times = {"created_at": at, "not_before": at, "preparing_at": at, "voice_ready_at": at}
    return make_call(State.PREPARING, organization=organization, number=number, **times)
