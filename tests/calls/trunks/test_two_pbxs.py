"""Two PBX stand-ins, a callcontrol for each: calls spread over them, and go by one when the other is away."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.test import override_settings

from calls.contracts import Ack, Command, CommandName
from calls.control.process import CallControl
from calls.models import Call
from calls.services import hangup, talk
from calls.states import Outcome, State
from calls.trunks.models import Trunk
from opendeep.core import alive
from opendeep.core.clock import now
from tests.calls.conftest import eventually, make_gateway, running
from tests.calls.control.test_process import QUICK, answer_to
from tests.calls.pbx import RINGS_FOR_EVER, SECRET, USERNAME, SandboxPbx, sandbox_pbx
from tests.calls.steps import dial_call
from tests.factories import make_call, make_organization, open_at_any_hour

pytestmark = [pytest.mark.django_db(transaction=True)]

GATEWAY = "gateway-1"


@pytest.fixture
def berlin(tmp_path: Path) -> Iterator[SandboxPbx]:
    with sandbox_pbx(tmp_path / "berlin.jsonl") as running_pbx:
        yield running_pbx


@pytest.fixture(autouse=True)
def two_trunks(pbx: SandboxPbx, berlin: SandboxPbx, redis_url: str) -> Iterator[None]:
    """The settings' PBX with two lines, and Berlin with three."""
    access = {"host": "127.0.0.1", "uses_tls": False, "ca_file": "", "username": USERNAME, "secret": SECRET}
    access |= {"events_username": USERNAME, "events_secret": SECRET}
    settings = {
        "ASTERISK_AMI_HOST": "127.0.0.1",
        "ASTERISK_AMI_PORT": pbx.port,
        "ASTERISK_AMI_USERNAME": USERNAME,
        "ASTERISK_AMI_SECRET": SECRET,
        "OTHER_PBXS": {"berlin": {**access, "port": berlin.port}},
        "RING_TIMEOUT_SECONDS": 300,
        "CALLS_PER_SECOND": 1000,
    }
    Trunk.objects.create(name="default", lines=2)
    Trunk.objects.create(name="berlin", pbx="berlin", lines=3, position=1)
    with override_settings(**settings):
        yield


@pytest.fixture
def control_of() -> Iterator[Callable[[SandboxPbx, str], CallControl]]:
    """Starts callcontrol for a PBX, until the end of the test."""
    with ExitStack() as started:

        def start(pbx: SandboxPbx, name: str) -> CallControl:
            control = started.enter_context(running(CallControl(pbx.account, QUICK, pbx=name)))
            eventually(lambda: control.client.ready and control.commands.listening.is_set(), f"callcontrol of {name}")
            return control

        yield start


def requested(count: int) -> list[Call]:
    """Due calls to somebody who never answers, each of an organization of its own: a number has one call in each."""
    calls = []
    for _ in range(count):
        organization = make_organization()
        open_at_any_hour(organization)
        calls.append(make_call(organization=organization, number=RINGS_FOR_EVER, not_before=now(), created_at=now()))
    return calls


def step(call: Call) -> None:
    """What beat and the worker do: the call is due, gets a voice, and is dialled."""
    make_gateway(GATEWAY)
    Call.objects.filter(id=call.id, state=State.QUEUED).update(not_before=now())
    dial_call(call.id, clock=now)
    if talk.voice_ready(call.id, gateway_id=GATEWAY, at=now()):
        dial_call(call.id, clock=now)
    call.refresh_from_db()


def is_in(call: Call, state: State) -> bool:
    call.refresh_from_db()
    return call.state == state


def test_calls_spread_by_the_lines_of_their_trunks(
    pbx: SandboxPbx, berlin: SandboxPbx, control_of: Callable[[SandboxPbx, str], CallControl]
) -> None:
    control_of(pbx, "default"), control_of(berlin, "berlin")
    calls = requested(6)
    for call in calls:
        step(call)
    eventually(lambda: all(is_in(call, State.RINGING) for call in calls[:5]))
    assert [call.trunk_id for call in calls] == ["default", "default", "berlin", "berlin", "berlin", None]
    assert [call.pbx for call in calls[:5]] == ["default", "default", "berlin", "berlin", "berlin"]
    assert (calls[5].state, calls[5].waits_for) == (State.QUEUED, "line")
    assert pbx.channels() == {str(call.id) for call in calls[:2]}
    assert berlin.channels() == {str(call.id) for call in calls[2:5]}
    eventually(lambda: alive.is_alive("callcontrol:berlin") and alive.is_alive("pbx:berlin") and alive.is_alive("pbx"))


def test_when_one_pbx_is_away_all_calls_go_by_the_other_each_once(
    pbx: SandboxPbx, berlin: SandboxPbx, control_of: Callable[[SandboxPbx, str], CallControl]
) -> None:
    control_of(berlin, "berlin")
    pbx.stop()
    calls = requested(3)
    for call in calls * 2:
        step(call)
    eventually(lambda: all(is_in(call, State.RINGING) for call in calls))
    assert {call.trunk_id for call in calls} == {"berlin"}
    assert [berlin.originates(call.id) for call in calls] == [1, 1, 1]
    assert calls[0].setbacks == 1  # the first one found out; no attempt was used up
    assert [call.setbacks for call in calls[1:]] == [0, 0]


def test_a_pbx_that_dies_in_the_middle_takes_only_its_own_calls_with_it(
    pbx: SandboxPbx, berlin: SandboxPbx, control_of: Callable[[SandboxPbx, str], CallControl], tmp_path: Path
) -> None:
    control_of(pbx, "default"), control_of(berlin, "berlin")
    calls = requested(4)
    for call in calls:
        step(call)
    eventually(lambda: all(is_in(call, State.RINGING) for call in calls))
    pbx.stop()
    with sandbox_pbx(tmp_path / "pbx.jsonl", pbx.port) as restarted:
        Call.objects.filter(pbx="default").update(dialing_at="2026-01-01T00:00Z")  # beyond the grace of reconciliation
        eventually(lambda: all(is_in(call, State.ENDED) for call in calls[:2]))
        assert [restarted.originates(call.id) for call in calls[:2]] == [1, 1]
    assert [call.outcome for call in calls[:2]] == [Outcome.LOST, Outcome.LOST]
    assert all(is_in(call, State.RINGING) for call in calls[2:])
    assert berlin.channels() == {str(call.id) for call in calls[2:]}


def test_reconciling_one_pbx_leaves_the_calls_of_the_other_alone(
    pbx: SandboxPbx, berlin: SandboxPbx, control_of: Callable[[SandboxPbx, str], CallControl]
) -> None:
    long_ago = {"dialing_at": "2026-01-01T00:00Z"}
    elsewhere = make_call(State.TALKING, pbx="berlin", number="+12025550120", **long_ago)
    lost = make_call(State.RINGING, number="+12025550121", **long_ago)
    control_of(pbx, "default")  # reconciles before it is ready
    eventually(lambda: is_in(lost, State.ENDED))
    assert is_in(elsewhere, State.TALKING)
    assert elsewhere.hung_up_at is None


def test_two_names_for_one_pbx_do_not_hang_up_each_others_calls(
    pbx: SandboxPbx, control_of: Callable[[SandboxPbx, str], CallControl]
) -> None:
    """A mistake in the settings: "berlin" leads to the settings' PBX, too."""
    control_of(pbx, "default")
    call = requested(1)[0]
    step(call)
    eventually(lambda: is_in(call, State.RINGING))
    control_of(pbx, "berlin")
    assert pbx.channels() == {str(call.id)}
    assert is_in(call, State.RINGING)


def test_a_command_is_executed_by_the_callcontrol_of_the_calls_own_pbx(
    pbx: SandboxPbx, berlin: SandboxPbx, control_of: Callable[[SandboxPbx, str], CallControl]
) -> None:
    control_of(pbx, "default"), control_of(berlin, "berlin")
    calls = requested(3)
    for call in calls:
        step(call)
    eventually(lambda: all(is_in(call, State.RINGING) for call in calls))
    digits = Command(calls[2].id, CommandName.SEND_DTMF, {"digits": "1"})
    assert answer_to(digits) == Ack(digits.command_id, ok=True)
    hangup.hang_up(calls[2].id, reason="Enough.", at=now())
    eventually(lambda: is_in(calls[2], State.ENDED))
    assert calls[2].outcome == Outcome.CANCELLED
    assert berlin.channels() == set()
    assert all(is_in(call, State.RINGING) for call in calls[:2])
