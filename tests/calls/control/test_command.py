"""manage.py run_callcontrol as a process: it lives, it goes on when Redis was away, it ends cleanly."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.calls.pbx import SECRET, USERNAME, SandboxPbx
from tests.redis_server import RunningRedis

pytestmark = pytest.mark.processes

WAIT_SECONDS = 30.0
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def own_redis() -> Iterator[RunningRedis]:
    server = RunningRedis()
    server.start()
    yield server
    server.stop()


@contextmanager
def callcontrol(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    base = {**os.environ, "DJANGO_SETTINGS_MODULE": "opendeep.settings", "SECRET_KEY": "for this test only" * 3}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=base | environment, cwd=ROOT, check=True)
    process = subprocess.Popen([sys.executable, "manage.py", "run_callcontrol"], env=base | environment, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert process.poll() is None, "callcontrol has ended"
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def test_it_lives_survives_redis_and_ends_cleanly(pbx: SandboxPbx, own_redis: RunningRedis, tmp_path: Path) -> None:
    environment = {
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/test.sqlite3",
        "REDIS_URL": own_redis.url,
        "ASTERISK_AMI_PORT": str(pbx.port),
        "ASTERISK_AMI_USERNAME": USERNAME,
        "ASTERISK_AMI_SECRET": SECRET,
    }

    def both_alive() -> bool:
        with redis.Redis.from_url(own_redis.url) as client:
            return bool(client.exists("opendeep:alive:callcontrol", "opendeep:alive:pbx") == 2)

    def listening() -> bool:
        with redis.Redis.from_url(own_redis.url) as client:
            return bool(client.pubsub_numpat() >= 1)

    with callcontrol(environment) as process:
        wait_for(lambda: both_alive() and listening(), process)
        own_redis.stop()
        own_redis.start()
        wait_for(lambda: both_alive() and listening(), process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
