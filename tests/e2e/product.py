"""The whole product as `make run` starts it, on ports and in a directory of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psutil

from tests.rig.ports import free_tcp_port

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 150.0
POLL_S = 0.2
EMAIL = "demo@example.com"
PORTS = ("WEB_PORT", "FLOWER_PORT", "REDIS_PORT", "SANDBOX_PBX_PORT", "SANDBOX_OPENAI_PORT")
# What a developer has in the environment must not leak into the product under test.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "SANDBOX_CACHE_DIR")

NO_ENV_FILE = os.devnull
"""A .env may name a real PBX and a real key; no test may use them."""

T = TypeVar("T")


def wait_until(what: str, look: Callable[[], T | None], timeout_s: float) -> T:
    """What `look` returns once it is neither None nor false. Raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout_s:.0f} s: {what}")
        time.sleep(POLL_S)


class RunningProduct:
    """`make run` between enter and exit; `given` are settings on top of the embedded ones."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="opendeep-product-")
        self.var = Path(self._directory.name)
        self.settings = {name: str(free_tcp_port()) for name in PORTS}
        self.settings["AUDIOSOCKET_BIND"] = f"127.0.0.1:{free_tcp_port()}"
        self.settings |= {"VAR_DIR": str(self.var), "ENV_FILE": NO_ENV_FILE, "WORKER_CONCURRENCY": "2", **(given or {})}
        self.url = f"http://127.0.0.1:{self.settings['WEB_PORT']}"
        self._process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        kept.setdefault("SANDBOX_CACHE_DIR", str(ROOT / "var" / "sandbox" / "voices"))
        with (self.var / "out").open("w") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "opendeep.supervise"],
                cwd=ROOT,
                env={**kept, **self.settings},
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        try:
            wait_until("the product is ready", self._is_ready, START_TIMEOUT_S)
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()
        if error is not None:
            keep = ROOT / "var" / "test-results" / "logs"
            keep.mkdir(parents=True, exist_ok=True)
            for log in (self.var / "log").glob("*.log"):
                (keep / log.name).write_bytes(log.read_bytes()[-200_000:])
        self._directory.cleanup()

    def _is_ready(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the launcher ended:\n{self.output()}")
        return "OpenDeep is ready" in self.output()

    def stop(self) -> int:
        """Ctrl-C. Returns the status with which the launcher ended; raises subprocess.TimeoutExpired."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(STOP_TIMEOUT_S)

    def processes(self) -> list[psutil.Process]:
        """The launcher and all that came of it, as long as it runs; the launcher first."""
        if self._process.poll() is not None:
            return []
        launcher = psutil.Process(self._process.pid)
        return [launcher, *launcher.children(recursive=True)]

    def _kill(self) -> None:
        for process in self.processes():  # whoever would start others goes before them
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()

    def output(self) -> str:
        """What the launcher printed so far."""
        return (self.var / "out").read_text()

    @property
    def password(self) -> str:
        return (self.var / "demo_password").read_text().strip()

    # --- Looking in from outside ---------------------------------------------------------------

    def journal(self) -> list[dict[str, Any]]:
        """The sandbox PBX's own: every Originate that reached it, every answer and end."""
        journal = self.var / "sandbox" / "pbx.jsonl"
        if not journal.exists():
            return []
        return [json.loads(line) for line in journal.read_text().splitlines() if line.strip()]

    def dialled(self) -> list[dict[str, Any]]:
        """Every Originate that reached the PBX."""
        return [entry for entry in self.journal() if entry.get("event") == "originate"]

    def environment(self) -> dict[str, str]:
        """What a process needs to work beside those of the product."""
        environment = {**os.environ, **self.settings, "SECRET_KEY_FILE": str(self.var / "secret_key")}
        environment.pop("DATABASE_URL", None)
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        if "DATABASE_URL" in self.settings:
            environment["DATABASE_URL"] = self.settings["DATABASE_URL"]
        environment["REDIS_URL"] = f"redis://127.0.0.1:{self.settings['REDIS_PORT']}/0"
        return environment

    def manage(self, *arguments: str) -> str:
        """Runs manage.py with the product's settings and returns what it printed."""
        environment = self.environment()
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    def control(self, *words: str) -> str:
        """supervisorctl: stop NAME, start NAME, pid NAME. Returns what it printed."""
        command = [str(Path(sys.executable).parent / "supervisorctl"), "-c", str(self.var / "run" / "supervisord.conf")]
        return subprocess.run([*command, *words], capture_output=True, text=True, check=True).stdout.strip()

    def supervised(self, name: str) -> psutil.Process:
        """The running process that supervisord calls `name`."""
        return psutil.Process(int(self.control("pid", name)))

    def fault(self, **fault: object) -> None:
        """Makes the OpenAI stand-in do something wrong; see sandbox/openai/faults.py."""
        url = f"http://127.0.0.1:{self.settings['SANDBOX_OPENAI_PORT']}/sandbox/faults"
        request = urllib.request.Request(url, data=json.dumps(fault).encode(), method="POST")
        urllib.request.urlopen(request, timeout=5).close()

    def pbx_fault(self, fault: str, count: int) -> None:
        """Makes the sandbox PBX do something wrong; see sandbox/pbx/faults.py."""
        actions = (
            "Action: Login\r\nUsername: sandbox\r\nSecret: sandbox\r\nEvents: off\r\n\r\n"
            f"Action: SandboxFault\r\nFault: {fault}\r\nCount: {count}\r\n\r\n"
            "Action: Logoff\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", int(self.settings["SANDBOX_PBX_PORT"])), timeout=5) as ami:
            ami.sendall(actions.encode())
            while ami.recv(4096):
                pass

    def kill(self, name: str) -> None:
        """kill -9, with its children; supervisord brings it back."""
        process = self.supervised(name)
        for victim in [*process.children(recursive=True), process]:
            victim.kill()

    def wait_until_ready(self, timeout_s: float = 60.0) -> None:
        wait_until("every part is back", self._all_parts_ready, timeout_s)

    def _all_parts_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


class Api:
    """The HTTP API, used as a program would: a token, JSON in, JSON out."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    def get(self, path: str) -> Any:
        return self._send("GET", path, None)[1]

    def post(self, path: str, body: object) -> tuple[int, Any]:
        """Status and body, also of a refusal."""
        return self._send("POST", path, body)

    def _send(self, method: str, path: str, body: object) -> tuple[int, Any]:
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {self._token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")
