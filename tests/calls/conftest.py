"""What the tests of calls share: the PBX stand-in, gateways in Redis, waiting for other threads."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import current_app
from django.db import connections

from calls.contracts import GATEWAY_EXPIRES_SECONDS, GATEWAY_KEY_PREFIX, GatewayInfo
from calls.control.process import CallControl
from opendeep.core.redis import connection
from tests.calls.pbx import SandboxPbx, sandbox_pbx

WAIT_SECONDS = 15.0


def eventually(condition: Callable[[], bool], what: str = "", seconds: float = WAIT_SECONDS) -> None:
    """Waits until `condition` holds; for what other threads and processes do."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, f"still not: {what or condition}"
        time.sleep(0.01)


def make_gateway(gateway_id: str = "gateway-1", *, capacity: int = 10, load: int = 0, channel: str = "") -> GatewayInfo:
    """A gateway that says in Redis that it lives. Needs the fixture redis_url."""
    info = GatewayInfo(gateway_id, "127.0.0.1:9092", channel or f"specific.{gateway_id}", capacity, load)
    connection().set(GATEWAY_KEY_PREFIX + gateway_id, info.encode(), ex=GATEWAY_EXPIRES_SECONDS)
    return info


@pytest.fixture
def pbx(tmp_path: Path) -> Iterator[SandboxPbx]:
    with sandbox_pbx(tmp_path / "pbx.jsonl") as running:
        yield running


@contextmanager
def running(control: CallControl) -> Iterator[CallControl]:
    """callcontrol in a thread of its own, ended as by SIGTERM."""
    with pytest.MonkeyPatch.context() as patch:
        # Its threads end with the test, and must not keep connections for later.
        patch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
        yield from _running(control)


def _running(control: CallControl) -> Iterator[CallControl]:
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(control.run(stop)), name="callcontrol")
    thread.start()
    try:
        yield control
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive(), "callcontrol did not stop"
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.run_until_complete(asyncio.sleep(0))  # connections that were closed at last give up their sockets now
        loop.close()


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The jobs that were queued, in place of a broker: name and arguments."""
    queued: list[tuple[str, ...]] = []

    def send_task(name: str, args: tuple[str, ...] = (), **options: float) -> None:
        queued.append((name, *args))

    monkeypatch.setattr(current_app, "send_task", send_task)
    return queued
