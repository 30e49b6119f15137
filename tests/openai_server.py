"""The OpenAI stand-in for tests: the real server on a loopback port, in a thread of the test process."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import override_settings

from opendeep.core.llm.client import client
from sandbox.openai.server import build_server, listen
from sandbox.openai.settings import Settings

START_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class OpenAIServer:
    """`url` is an OPENAI_BASE_URL."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def realtime_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/realtime"

    def fault(self, **fault: object) -> None:
        """Makes the server do something wrong; see sandbox/openai/faults.py."""
        self._send("POST", fault)

    def forget_faults(self) -> None:
        self._send("DELETE", None)

    def _send(self, method: str, body: object) -> None:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/sandbox/faults", data=data, method=method)
        urllib.request.urlopen(request, timeout=5).close()


@pytest.fixture(scope="session")
def openai_process() -> Iterator[OpenAIServer]:
    server = build_server(Settings(latency_s=0))
    listener = listen("127.0.0.1", 0)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
    thread.start()
    yield OpenAIServer(listener.getsockname()[1])
    server.should_exit = True
    thread.join(START_TIMEOUT_S)


@pytest.fixture
def openai_server(openai_process: OpenAIServer) -> Iterator[OpenAIServer]:
    """The stand-in, without faults, and the settings that lead the product to it."""
    openai_process.forget_faults()
    forget_client()
    with override_settings(
        OPENAI_BASE_URL=openai_process.url, OPENAI_REALTIME_URL=openai_process.realtime_url, OPENAI_API_KEY="test-key"
    ):
        yield openai_process
    forget_client()
    openai_process.forget_faults()


def forget_client() -> None:
    """Ends the product's connections, so that the next one is made by the settings of that moment."""
    if client.cache_info().currsize:
        client().close()
        client.cache_clear()
