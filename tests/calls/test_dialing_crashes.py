"""kill -9 of worker and callcontrol at every step: no attempt twice, counted at the PBX, and no call unfinished."""

import itertools
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.test import override_settings

from calls.contracts import CALL_ENDED
from calls.models import Call
from calls.services.overdue import end_overdue
from calls.states import State
from opendeep.core.clock import now
from opendeep.core.models import OutboxEvent
from tests.calls.conftest import eventually
from tests.calls.crashing_control import CONTROL_FAULTS
from tests.calls.crashing_worker import AT_A_MOMENT, FAULTS
from tests.calls.pbx import BUSY, HELPFUL, RINGS_FOR_EVER, SandboxPbx
from tests.calls.workers import KILLED, ROOT, Control, Workers, control, ready_call, workers

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

NUMBERS = (HELPFUL, BUSY, RINGS_FOR_EVER)
LATER = timedelta(minutes=30)
"""Between two sweeps; every deadline of a state has passed by then."""
RING_S = 15
BY_ITSELF_S = 1.2
"""How long a call may take to end without the help of the sweeps: a telephone that rings is given up before."""
CONNECTION_LOSS, PATIENCE = 0.2, 0.5
DIAL_MS, CONTROL_MS = 40.0, 1500.0
"""About how long a job takes, and a call; both processes are killed somewhere within."""


COMES_FOR_SURE = "in_the_middle_of_reconciling"


class Rounds:
    """One call after the other, whose worker and whose callcontrol die again and again."""

    def __init__(self, workers: Workers, control: Control, pbx: SandboxPbx, seed: int) -> None:
        self._workers, self._control, self._pbx = workers, control, pbx
        self._random = random.Random(seed)
        self._seed = seed
        self.killed: Counter[str] = Counter()

    def run(self, count: int) -> None:
        for number in range(count):
            fault = [*FAULTS, self._at_a_moment(DIAL_MS)][number % (len(FAULTS) + 1)]
            deaths_of_control = [*CONTROL_FAULTS, self._at_a_moment(CONTROL_MS)]
            self._round(fault, deaths_of_control[number % len(deaths_of_control)])

    def _at_a_moment(self, longest_ms: float) -> str:
        return f"{AT_A_MOMENT}{self._random.uniform(1, longest_ms)}"

    def _round(self, fault: str, fault_of_control: str) -> None:
        """The first worker dies at `fault`, others at random; the last of them lives. callcontrol dies meanwhile."""
        call = ready_call(self._random.choice(NUMBERS))
        faults = [fault, *self._random.choices([*FAULTS, self._at_a_moment(DIAL_MS)], k=2), "none"]
        turn_of_control = self._random.randrange(len(faults))
        died_before = self._control.died_at[COMES_FOR_SURE]
        statuses = []
        for turn, each in enumerate(faults):
            if turn == turn_of_control:
                self._control.kill(then_at=fault_of_control)
            statuses.append(self._workers.run(call, each))
            if self._random.random() < CONNECTION_LOSS:
                self._pbx.fault("DropConnections")
        if fault_of_control == COMES_FOR_SURE:
            eventually(lambda: self._control.died_at[COMES_FOR_SURE] > died_before, "callcontrol has died")
        self._wait_for_the_end(call)
        self._check(call, f"seed {self._seed}: {faults}, callcontrol {fault_of_control} at {turn_of_control}")
        assert set(statuses) <= {0, *KILLED}
        self.killed[fault.split(":")[0]] += statuses[0] in KILLED

    def _wait_for_the_end(self, call: Call) -> None:
        is_patient = self._random.random() < PATIENCE and self._pbx.originates(call.id)
        give_up_at = time.monotonic() + (BY_ITSELF_S if is_patient else 0.0)
        while time.monotonic() < give_up_at and Call.objects.exclude(state=State.ENDED).filter(pk=call.pk).exists():
            time.sleep(0.02)
        sweeps = (now() + number * LATER for number in itertools.count(1))
        eventually(lambda: is_over(call, sweeps), "the call is over")

    def _check(self, call: Call, what: str) -> None:
        assert self._pbx.originates(call.id) <= 1, f"dialled twice: {what}"
        assert OutboxEvent.objects.filter(topic=CALL_ENDED, key=str(call.id)).count() == 1, what
        assert call.events.filter(to_state=State.DIALING).count() == 1, what


def is_over(call: Call, sweeps: Iterator[datetime]) -> bool:
    """Whether the next sweep finds the call ended, or ends it."""
    end_overdue(next(sweeps))
    call.refresh_from_db()
    return call.state == State.ENDED


def survive(pbx: SandboxPbx, redis_url: str, *, seed: int, rounds: int) -> tuple[Counter[str], Counter[str]]:
    """Checks every round; returns how often worker and callcontrol have died at each fault."""
    with override_settings(RING_TIMEOUT_SECONDS=RING_S), control(pbx, redis_url) as controls:
        controls.kill(then_at="none")  # and wait for the next one
        with workers(pbx, redis_url) as running_workers:
            played = Rounds(running_workers, controls, pbx, seed)
            played.run(rounds)
        eventually(lambda: pbx.channels() == set(), "no channel is left")
    assert not Call.objects.exclude(state=State.ENDED).exists()
    return played.killed, controls.died_at


def test_killed_at_any_step_they_dial_nobody_twice_and_leave_no_call_open(
    pbx: SandboxPbx, redis_url: str, jobs: list[tuple[str, ...]]
) -> None:
    killed, died = survive(pbx, redis_url, seed=1, rounds=len(FAULTS) + 1)
    assert all(killed[fault] == 1 for fault in FAULTS)
    assert died[COMES_FOR_SURE] == 1


def test_killed_between_the_originates_of_several_calls_it_loses_those_and_dials_none_twice(
    pbx: SandboxPbx, redis_url: str, jobs: list[tuple[str, ...]]
) -> None:
    calls = [ready_call(RINGS_FOR_EVER) for _ in range(4)]
    with workers(pbx, redis_url) as running:
        assert running.run(calls[0], "between_originates", *calls[1:]) in KILLED
        assert sorted(pbx.originates(call.id) for call in calls) == [0, 0, 1, 1]
        assert running.run(calls[0], "none", *calls[1:]) == 0
    assert sorted(pbx.originates(call.id) for call in calls) == [0, 0, 1, 1]
    sweeps = (now() + number * LATER for number in itertools.count(1))
    for call in calls:
        eventually(lambda call=call: is_over(call, sweeps), "the call is over")  # type: ignore[misc]


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2, 6))
def test_fifty_more_rounds(pbx: SandboxPbx, redis_url: str, jobs: list[tuple[str, ...]], seed: int) -> None:
    killed, died = survive(pbx, redis_url, seed=seed, rounds=50)
    assert all(killed[fault] >= 5 for fault in FAULTS), killed
    assert sum(died[fault] >= 1 for fault in CONTROL_FAULTS) >= len(CONTROL_FAULTS) - 2, died


def test_a_keeper_that_is_stopped_before_it_began_kills_nobody() -> None:
    program = "from tests.calls.crashing_control import Keeper as K; k = K(); k.replace('none', over=True); k.keep()"
    keeper = subprocess.run([sys.executable, "-c", program], cwd=ROOT, start_new_session=True)
    assert keeper.returncode == 0
