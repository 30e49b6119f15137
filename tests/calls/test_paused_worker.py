"""A dialing process that is stopped for long and wakes up: it never sends what was given up meanwhile."""

import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection

from calls.models import Call
from calls.services.do_not_call import add_do_not_call
from calls.services.hangup import cancel_call
from calls.services.overdue import end_overdue
from calls.states import Outcome, State
from opendeep.core.clock import now
from tests.calls.crashing_worker import WHEN_STOPPED_WITHIN_SECONDS
from tests.calls.pbx import RINGS_FOR_EVER, SandboxPbx, sandbox_pbx
from tests.calls.steps import dial_call
from tests.calls.workers import Workers, ready_call, workers
from tests.redis_server import RunningRedis

pytestmark = [pytest.mark.processes, pytest.mark.races, pytest.mark.django_db(transaction=True)]

AN_HOUR = timedelta(hours=1)
AFTER_THE_COMMIT = ("after_commit", "before_originate", "at_the_send")


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPbx]:
    with sandbox_pbx(tmp_path_factory.mktemp("pbx") / "pbx.jsonl") as running:
        yield running


@pytest.fixture(scope="module")
def sleepers(pbx: SandboxPbx, redis_server: RunningRedis, django_db_setup: None) -> Iterator[Workers]:
    with workers(pbx, redis_server.url) as running:
        yield running


@pytest.fixture(autouse=True)
def redis_is_there(redis_url: str, jobs: list[tuple[str, ...]]) -> None:
    """Which the workers share with the test."""


def give_up(call: Call) -> None:
    """What the sweeps of an hour do with it."""
    for minutes in (0, 1):
        end_overdue(now() + AN_HOUR + timedelta(minutes=minutes))


def outcome_of(call: Call) -> tuple[str, str]:
    call.refresh_from_db()
    return call.state, call.outcome


@pytest.mark.parametrize("step", AFTER_THE_COMMIT)
def test_whoever_sleeps_behind_the_commit_dials_nobody_when_it_wakes(
    sleepers: Workers, pbx: SandboxPbx, step: str
) -> None:
    call = ready_call(RINGS_FOR_EVER)
    sleepers.stop(call, step)
    time.sleep(WHEN_STOPPED_WITHIN_SECONDS + 0.1)  # on the kernel's clock there is no other way
    give_up(call)
    assert outcome_of(call) == (State.ENDED, Outcome.LOST)
    status = sleepers.go_on()
    assert status == (-signal.SIGALRM if step == "at_the_send" else 0)
    assert pbx.originates(call.id) == 0


@pytest.mark.parametrize("step", AFTER_THE_COMMIT)
def test_a_short_sleep_harms_nobody(sleepers: Workers, pbx: SandboxPbx, step: str) -> None:
    call = ready_call(RINGS_FOR_EVER)
    sleepers.stop(call, step)
    assert sleepers.go_on() == 0
    assert pbx.originates(call.id) == 1


def test_too_long_a_sleep_that_nobody_noticed_ends_in_words(sleepers: Workers, pbx: SandboxPbx) -> None:
    call = ready_call(RINGS_FOR_EVER)
    sleepers.stop(call, "before_originate")
    time.sleep(WHEN_STOPPED_WITHIN_SECONDS + 0.1)
    assert sleepers.go_on() == 0
    assert outcome_of(call) == (State.ENDED, Outcome.FAILED)
    assert "held up" in call.end_reason
    assert pbx.originates(call.id) == 0


def opt_out(call: Call) -> None:
    add_do_not_call(call.organization_id, call.number, source="owner", reason="", at=now())


def cancel(call: Call) -> None:
    cancel_call(call.id, reason="The owner pressed stop.", at=now())


@pytest.mark.parametrize("act", [opt_out, cancel, give_up])
@pytest.mark.parametrize("step", ["before_transaction", "after_commit"])
def test_a_no_during_the_sleep_counts(
    sleepers: Workers, pbx: SandboxPbx, step: str, act: Callable[[Call], None]
) -> None:
    call = ready_call(RINGS_FOR_EVER)
    sleepers.stop(call, step)
    act(call)
    assert sleepers.go_on() == 0
    assert pbx.originates(call.id) == 0
    assert outcome_of(call)[0] == (State.QUEUED if (step, act) == ("before_transaction", give_up) else State.ENDED)


def test_a_second_worker_dials_while_the_first_one_sleeps(sleepers: Workers, pbx: SandboxPbx) -> None:
    call = ready_call(RINGS_FOR_EVER)
    sleepers.stop(call, "before_transaction")
    dial_call(call.id, clock=now, dialer=pbx.dialer)
    assert sleepers.go_on() == 0
    assert pbx.originates(call.id) == 1


def test_whoever_sleeps_with_the_dialing_lock_stops_nobody_for_long(sleepers: Workers, pbx: SandboxPbx) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's lock belongs to the process that holds it, however long it sleeps")
    call, other = ready_call(RINGS_FOR_EVER), ready_call(RINGS_FOR_EVER)
    sleepers.stop(call, "before_commit")
    dial_call(other.id, clock=now, dialer=pbx.dialer)
    assert pbx.originates(other.id) == 1
    assert sleepers.go_on() != 0
    assert pbx.originates(call.id) == 0
    assert outcome_of(call) == (State.PREPARING, "")
