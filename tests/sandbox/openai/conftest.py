"""The stand-in as a real server on a loopback port, in a thread of the test process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from openai import OpenAI

from sandbox.openai.faults import TABLE
from sandbox.openai.journal import JOURNAL
from sandbox.openai.server import build_server, listen
from sandbox.openai.settings import Settings

STOP_TIMEOUT_S = 10.0


@contextmanager
def running(settings: Settings) -> Iterator[int]:
    """Serve with these settings on a free port; the port."""
    server = build_server(settings)
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(STOP_TIMEOUT_S)


@pytest.fixture(scope="session")
def shared_port() -> Iterator[int]:
    with running(Settings(latency_s=0)) as port:
        yield port


@pytest.fixture
def port(shared_port: int) -> int:
    """The port of a server that has no faults waiting and an empty journal."""
    TABLE.clear()
    JOURNAL.clear()
    return shared_port


@pytest.fixture
def client(port: int) -> Iterator[OpenAI]:
    with OpenAI(api_key="any", base_url=f"http://127.0.0.1:{port}/v1", max_retries=0, timeout=10) as client:
        yield client
