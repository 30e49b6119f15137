"""What must be true before the processes start, said in words when it is not."""

import fcntl
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

STOP_SECONDS = 10


class CannotStart(Exception):
    """The reason, and what to do about it."""


@contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Holds the lock of this directory for as long as the processes run."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                "OpenDeep is already running from this directory. Stop it with Ctrl-C in its terminal first, "
                "or set VAR_DIR to start a second one."
            ) from None
        yield


def clear_leftovers(var: Path) -> int:
    """Stops what an earlier start from `var` left behind when it was killed. Returns how many processes it stopped."""
    leftovers = [process for process in psutil.process_iter() if _belongs(process, str(var))]
    for process in leftovers:
        _quietly(process.terminate)
    _, alive = psutil.wait_procs(leftovers, timeout=STOP_SECONDS)
    for process in alive:
        _quietly(process.kill)
    psutil.wait_procs(alive, timeout=STOP_SECONDS)
    return len(leftovers)


def _belongs(process: psutil.Process, var: str) -> bool:
    if process.pid in {os.getpid(), os.getppid()}:
        return False
    try:
        return process.environ().get("OPENDEEP_RUN") == var
    except (psutil.Error, OSError):
        return False


def _quietly(action: Callable[[], None]) -> None:
    try:
        action()
    except psutil.NoSuchProcess:
        return


def check_ports(needed: Mapping[str, int]) -> None:
    """Raises CannotStart when two settings name one port, or when somebody else listens on one."""
    by_port: dict[int, str] = {}
    for setting, port in needed.items():
        if port in by_port:
            raise CannotStart(f"{setting} and {by_port[port]} both name port {port}. Give one of them another.")
        by_port[port] = setting
    for setting, port in needed.items():
        if _taken(port):
            raise CannotStart(
                f"Port {port} is taken by {_owner(port)}. Stop that, or set {setting} to another port in .env "
                f"(or: {setting}={_example(setting, port)} make run)."
            )


def _taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _owner(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return f"“{psutil.Process(connection.pid).name()}” (process {connection.pid})"
    except psutil.Error:
        pass
    return "another program"


def _example(setting: str, port: int) -> str:
    return f"127.0.0.1:{port + 1}" if setting == "AUDIOSOCKET_BIND" else str(port + 1)
