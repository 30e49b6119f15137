"""The stand-in as `make run` starts it."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.pbx.wire import ami

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "sandbox", "pbx", "--username", "opendeep", "--secret", "s3cret", "--ami-port"]


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([*COMMAND, "0"], cwd=ROOT, stderr=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


async def test_it_serves_until_it_is_told_to_stop(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    ready = re.search(r"AMI on 127\.0\.0\.1:(\d+)", process.stderr.readline())
    assert ready is not None
    async with ami(int(ready[1])) as client:
        assert (await client.ask("Ping"))["Ping"] == "Pong"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert process.stderr.read() == ""


def test_a_taken_port_is_explained() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run([*COMMAND, port], cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert f"cannot serve AMI on 127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr
