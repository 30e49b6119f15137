"""Signs of life in Redis: a worker tells which queues are served, however long its jobs take."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from opendeep.core import alive
from opendeep.core.redis import connection
from tests.calls.conftest import eventually
from tests.calls.workers import ROOT
from tests.databases import database_url


def test_a_worker_of_other_queues_says_nothing_of_the_model(redis_url: str) -> None:
    alive.note_served(["dial", "default"])
    assert alive.states(["worker-llm"]) == {"worker-llm": "missing"}


def test_one_worker_may_serve_all_queues(redis_url: str) -> None:
    alive.note_served(["dial", "default", "llm"])
    assert alive.states(["worker-llm", "gateway"]) == {"worker-llm": "ok", "gateway": "missing"}


@pytest.fixture
def worker(redis_url: str) -> Iterator[psutil.Process]:
    """As in the Procfile, with one child."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "REDIS_URL": redis_url,
    }
    command = [sys.executable, "-m", "celery", "-A", "opendeep", "worker", "-Q", "llm", "--concurrency", "1"]
    process = subprocess.Popen([*command, "--loglevel", "error"], env=environment, cwd=ROOT)
    found = psutil.Process(process.pid)
    yield found
    for each in [*found.children(recursive=True), found]:
        each.kill()
    process.wait()


@pytest.mark.processes
def test_a_worker_none_of_whose_children_has_time_is_alive(worker: psutil.Process) -> None:
    eventually(lambda: alive.is_alive("worker-llm"), "the first sign of life", 60)
    for child in worker.children():
        child.suspend()
    connection().delete(alive.PREFIX + "worker-llm")
    eventually(lambda: alive.is_alive("worker-llm"), "the next one", 60)
    assert 0 < connection().ttl(alive.PREFIX + "worker-llm") <= alive.EXPIRES_SECONDS
