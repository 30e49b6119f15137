"""A process that belongs to a test: it is in a group of its own, and dies with whoever started it."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

STOP_TIMEOUT_S = 10.0
POLL_S = 0.01


class OwnedProcess:
    """Runs `command` between enter and exit, with its output in the file `output`.

    `user`: name of the account that it runs as (root only), None for our own. `stop_signal` asks it to end.
    """

    def __init__(
        self,
        command: Sequence[object],
        output: Path,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        # Without setpriv a killed test run would leave its servers behind.
        self._command = ["setpriv", "--pdeathsig", stop_signal.name.removeprefix("SIG"), *map(str, command)]
        self._stop_signal = stop_signal
        self._output = output
        self._user = user
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def ended(self, wait_s: float = 0.0) -> bool:
        """Whether it has ended, waiting at most `wait_s` seconds for that."""
        try:
            self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End it and its children: asked first, killed after STOP_TIMEOUT_S. Once it has ended, does nothing."""
        if not self.ended():
            self._process.send_signal(self._stop_signal)
            if not self.ended(STOP_TIMEOUT_S):
                self._process.kill()
                self._process.wait()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
