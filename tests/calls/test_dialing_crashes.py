"""kill -9 at every step of dialing: no attempt twice, counted at the PBX, and no call unfinished."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.test import override_settings

from calls.contracts import CALL_ENDED
from calls.control.process import CallControl
from calls.models import Call
from calls.services.overdue import end_overdue
from calls.states import State
from opendeep.core.clock import now
from opendeep.core.models import OutboxEvent
from tests.calls.conftest import eventually, running
from tests.calls.control.test_process import QUICK
from tests.calls.crashing_worker import AT_A_MOMENT, FAULTS
from tests.calls.pbx import BUSY, HELPFUL, RINGS_FOR_EVER, SandboxPbx
from tests.calls.workers import KILLED, Workers, ready_call, workers

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

NUMBERS = (HELPFUL, BUSY, RINGS_FOR_EVER)
LATER = timedelta(minutes=30)
"""Between two sweeps; every deadline of a state has passed by then."""
CONNECTION_LOSS = 0.2
DIAL_MS = 40.0
"""About how long one job takes; it is killed somewhere within."""


def is_over(call: Call, sweeps: Iterator[datetime]) -> bool:
    """Whether the next sweep finds the call ended, or ends it."""
    end_overdue(next(sweeps))
    call.refresh_from_db()
    return call.state == State.ENDED


def crash_and_recover(workers: Workers, pbx: SandboxPbx, random_: random.Random, fault: str) -> tuple[Call, list[int]]:
    """One call whose workers die, first at `fault`, and then at random; the last of them lives.

    Now and then callcontrol loses its connection too, and misses what happens until it is back.
    """
    call = ready_call(random_.choice(NUMBERS))
    faults = [fault, *random_.choices([*FAULTS, f"{AT_A_MOMENT}{random_.uniform(1, DIAL_MS)}"], k=2), "none"]
    statuses = []
    for each in faults:
        statuses.append(workers.run(call, each))
        if random_.random() < CONNECTION_LOSS:
            pbx.fault("DropConnections")
    sweeps = (now() + number * LATER for number in itertools.count(1))
    eventually(lambda: is_over(call, sweeps), f"the call is over after {faults}")
    return call, statuses


def many_rounds(workers: Workers, pbx: SandboxPbx, seed: int, rounds: int) -> Counter[str]:
    """Checks every round; returns how often a worker was killed at each fault."""
    random_ = random.Random(seed)
    killed: Counter[str] = Counter()
    for number in range(rounds):
        moment = f"{AT_A_MOMENT}{random_.uniform(1, DIAL_MS)}"
        fault = [*FAULTS, moment][number % (len(FAULTS) + 1)]
        call, statuses = crash_and_recover(workers, pbx, random_, fault)
        assert set(statuses) <= {0, *KILLED}
        killed[fault.split(":")[0]] += statuses[0] in KILLED
        assert pbx.originates(call.id) <= 1, f"dialled twice: round {number} of seed {seed}, {fault}"
        assert OutboxEvent.objects.filter(topic=CALL_ENDED, key=str(call.id)).count() == 1
        assert call.events.filter(to_state=State.DIALING).count() == 1
    return killed


@pytest.fixture
def crashes(pbx: SandboxPbx, redis_url: str, jobs: list[tuple[str, ...]]) -> Iterator[Workers]:
    with override_settings(RING_TIMEOUT_SECONDS=45), running(CallControl(pbx.account, QUICK)) as control:
        eventually(lambda: control.client.ready and control.commands.listening.is_set(), "callcontrol is ready")
        with workers(pbx, redis_url) as running_workers:
            yield running_workers


def test_a_worker_killed_at_any_step_dials_nobody_twice_and_leaves_no_call_open(
    crashes: Workers, pbx: SandboxPbx
) -> None:
    killed = many_rounds(crashes, pbx, seed=1, rounds=len(FAULTS) + 1)
    assert all(killed[fault] == 1 for fault in FAULTS)
    eventually(lambda: pbx.channels() == set(), "no channel is left")


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(2, 6))
def test_fifty_more_rounds(crashes: Workers, pbx: SandboxPbx, seed: int) -> None:
    killed = many_rounds(crashes, pbx, seed, rounds=50)
    assert all(killed[fault] >= 6 for fault in FAULTS)
    eventually(lambda: pbx.channels() == set(), "no channel is left")
    assert not Call.objects.exclude(state=State.ENDED).exists()
