"""A real PostgreSQL that runs for the length of a test session, in a temporary directory of its own."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig import apt
from tests.rig.ports import LOOPBACK, free_tcp_port
from tests.rig.process import OwnedProcess
from tests.rig.skips import Unavailable

PACKAGE = "postgresql"
USER = "opendeep"
DATABASE = "opendeep"
DEBIAN_PROGRAMS = Path("/usr/lib/postgresql")
INITDB_TIMEOUT_S = 60.0
START_TIMEOUT_S = 30.0
READY = "database system is ready to accept connections"
# The data is thrown away with the directory: nothing has to survive a power cut.
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "track_commit_timestamp": "on",  # tests of races ask who came first
    "logging_collector": "off",
    "log_destination": "stderr",
}


class RunningPostgres:
    """PostgreSQL between enter and exit, with one empty database, on a port of its own.

    `url` is a DATABASE_URL; its user may create further databases.
    """

    def __init__(self) -> None:
        # PostgreSQL refuses to run as root; Debian's package brings the account `postgres` for it.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._programs = _programs()
        self._password = secrets.token_hex(16)
        self._stack = ExitStack()
        self._server: OwnedProcess
        self.port = free_tcp_port()
        self.url = f"postgres://{USER}:{self._password}@{LOOPBACK}:{self.port}/{DATABASE}"
        self.version = _run([self._programs / "postgres", "--version"], None).removeprefix("postgres (PostgreSQL) ")

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opendeep-postgres-")))
            if self._user is not None:
                shutil.chown(home, self._user)
            self._create_cluster(home)
            settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
            command = [self._programs / "postgres", "-D", home / "data", f"--port={self.port}", *settings]
            self._server = OwnedProcess(command, home / "log", self._user, stop_signal=signal.SIGINT)
            _wait_until_ready(stack.enter_context(self._server))
            self._create_database()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def stop(self) -> None:
        """The server is away; its data stays."""
        self._server.stop()

    def start(self) -> None:
        """It is back, on the same port."""
        _wait_until_ready(self._server.__enter__())

    def _create_cluster(self, home: Path) -> None:
        password = home / "password"
        password.write_text(self._password)
        password.chmod(0o644)
        options = ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", f"--username={USER}"]
        login = ["--auth=scram-sha-256", f"--pwfile={password}"]
        _run([self._programs / "initdb", *options, *login, home / "data"], self._user)
        password.unlink()

    def _create_database(self) -> None:
        options = ["--host", LOOPBACK, "--port", str(self.port), "--username", USER, "--no-password"]
        _run([self._programs / "createdb", *options, DATABASE], None, {"PGPASSWORD": self._password})


def _programs() -> Path:
    """Directory of initdb and postgres. Raises Unavailable where they are neither here nor installable."""
    found = _installed_programs()
    if found is None:
        apt.ensure([PACKAGE])
        found = _installed_programs()
    if found is None:
        raise Unavailable(f"the package {PACKAGE} is installed, but initdb is not where it should be")
    return found


def _installed_programs() -> Path | None:
    versions = sorted(DEBIAN_PROGRAMS.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if versions:
        return versions[-1].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).resolve().parent if elsewhere else None


def _run(command: list[str | Path], user: str | None, environ: dict[str, str] | None = None) -> str:
    result = subprocess.run(
        command,
        cwd="/",
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        env={**os.environ, "LC_ALL": "C.UTF-8", **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INITDB_TIMEOUT_S,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {result.stderr.strip()}")
    return result.stdout.strip()


def _wait_until_ready(server: OwnedProcess) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while READY not in server.output():
        if server.ended(wait_s=0.01):
            raise RuntimeError(f"PostgreSQL did not start:\n{server.output()}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"PostgreSQL was not ready within {START_TIMEOUT_S:.0f} s:\n{server.output()}")
