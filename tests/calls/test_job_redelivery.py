"""A real Celery worker that dies in the middle of a dial: its job comes again, and nobody is dialled twice."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
import redis
from celery import Celery

from calls.states import State
from tests.calls.conftest import eventually
from tests.calls.pbx import RINGS_FOR_EVER, SECRET, USERNAME, SandboxPbx
from tests.calls.workers import ROOT, ready_call
from tests.databases import database_url

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

VISIBILITY_S = 600
"""Of CELERY_BROKER_TRANSPORT_OPTIONS: when a job whose worker is gone comes again."""


@contextmanager
def celery_worker(pbx: SandboxPbx, redis_url: str) -> Iterator[psutil.Process]:
    """As in the Procfile, with one child."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "REDIS_URL": redis_url,
        "ASTERISK_AMI_PORT": str(pbx.port),
        "ASTERISK_AMI_USERNAME": USERNAME,
        "ASTERISK_AMI_SECRET": SECRET,
    }
    command = [sys.executable, "-m", "celery", "-A", "opendeep", "worker", "-Q", "dial", "--concurrency", "1"]
    process = subprocess.Popen([*command, "--loglevel", "error"], env=environment, cwd=ROOT)
    worker = psutil.Process(process.pid)
    try:
        yield worker
    finally:
        kill(worker)
        process.wait()


def kill(worker: psutil.Process) -> None:
    if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        for each in [*worker.children(recursive=True), worker]:
            each.kill()


def unfinished_jobs(broker: redis.Redis) -> int:
    """Those in the queue, and those that a worker has taken and not acknowledged."""
    return int(broker.llen("dial")) + int(broker.hlen("unacked"))


def queue(redis_url: str) -> None:
    with Celery(broker=redis_url) as app:
        app.send_task("calls.place_ready", queue="dial")


@pytest.fixture
def held_up(pbx: SandboxPbx) -> None:
    """The PBX takes the Originate and does not answer: the worker waits for seconds, and can be killed then."""
    pbx.fault("SwallowOriginateResponse")


def test_a_job_whose_process_was_killed_comes_again_at_once_and_dials_nobody(
    pbx: SandboxPbx, redis_url: str, held_up: None
) -> None:
    call = ready_call(RINGS_FOR_EVER)
    with celery_worker(pbx, redis_url) as worker, redis.Redis.from_url(redis_url) as broker:
        queue(redis_url)
        eventually(lambda: pbx.originates(call.pk) == 1, "the Originate has arrived", 60)
        (child,) = worker.children()
        child.kill()
        eventually(lambda: unfinished_jobs(broker) == 0, "the job has come again, and is done", 60)
        assert child.pid not in {each.pid for each in worker.children()}
    assert pbx.originates(call.pk) == 1
    assert call.events.filter(to_state=State.DIALING).count() == 1


@pytest.mark.long
def test_a_job_whose_worker_was_killed_comes_again_later_and_dials_nobody(
    pbx: SandboxPbx, redis_url: str, held_up: None
) -> None:
    call = ready_call(RINGS_FOR_EVER)
    with redis.Redis.from_url(redis_url) as broker:
        with celery_worker(pbx, redis_url) as worker:
            queue(redis_url)
            eventually(lambda: pbx.originates(call.pk) == 1, "the Originate has arrived", 60)
            kill(worker)
        assert unfinished_jobs(broker) == 1
        let_time_pass(broker)
        with celery_worker(pbx, redis_url):
            eventually(lambda: unfinished_jobs(broker) == 0, "the job has come again, and is done", 60)
    assert pbx.originates(call.pk) == 1
    assert call.events.filter(to_state=State.DIALING).count() == 1


def let_time_pass(broker: redis.Redis) -> None:
    """As long as the broker hides a job that a worker has taken."""
    tags: list[bytes] = list(broker.zrange("unacked_index", 0, -1))  # type: ignore[arg-type]
    broker.zadd("unacked_index", dict.fromkeys(tags, time.time() - VISIBILITY_S - 60))
