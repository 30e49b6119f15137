"""The circuit breaker of a trunk, by what the PBX stand-in really says and does."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.test import override_settings

from calls.control.process import CallControl
from calls.facade import decision_of, outage_of
from calls.models import Call
from calls.services import talk
from calls.states import Outcome, State
from calls.trunks.models import Trunk
from opendeep.core.clock import now
from tests.calls.conftest import eventually, make_gateway, running
from tests.calls.control.test_process import QUICK
from tests.calls.pbx import RINGS_FOR_EVER, SECRET, USERNAME, SandboxPbx
from tests.calls.steps import dial_call
from tests.factories import make_call, make_organization, open_at_any_hour

pytestmark = [pytest.mark.django_db(transaction=True)]

GATEWAY = "gateway-1"
NO_CIRCUIT = "+12025550112"


@pytest.fixture(autouse=True)
def line(pbx: SandboxPbx, redis_url: str) -> Iterator[None]:
    account = {"ASTERISK_AMI_USERNAME": USERNAME, "ASTERISK_AMI_SECRET": SECRET}
    place = {"ASTERISK_AMI_HOST": "127.0.0.1", "ASTERISK_AMI_PORT": pbx.port, "RING_TIMEOUT_SECONDS": 300}
    with override_settings(**account, **place, CALLS_PER_SECOND=1000):
        yield


def request(number: str) -> Call:
    organization = make_organization()
    open_at_any_hour(organization)
    return make_call(organization=organization, number=number, not_before=now(), created_at=now())


def step(call: Call, at: datetime | None = None) -> Call:
    """The call is due, gets a voice, and is dialled, all at the moment `at` (now)."""
    make_gateway(GATEWAY)
    Call.objects.filter(id=call.id, state=State.QUEUED).update(not_before=at or now())
    dial_call(call.id, clock=lambda: at or now())
    if talk.voice_ready(call.id, gateway_id=GATEWAY, at=at or now()):
        dial_call(call.id, clock=lambda: at or now())
    call.refresh_from_db()
    return call


def is_in(call: Call, state: State) -> bool:
    call.refresh_from_db()
    return call.state == state


def trunk() -> Trunk:
    return Trunk.objects.get()


def test_no_circuits_open_it_calls_wait_for_it_unharmed_and_one_that_rings_closes_it(pbx: SandboxPbx) -> None:
    with running(CallControl(pbx.account, QUICK)) as control:
        eventually(lambda: control.client.ready)
        for _ in range(5):
            failed = step(request(NO_CIRCUIT))
            eventually(lambda failed=failed: is_in(failed, State.ENDED))  # type: ignore[misc]
            assert (failed.outcome, failed.hangup_cause, failed.trunk_fault) == (Outcome.UNREACHABLE, 34, True)
        outage = outage_of(failed.organization_id, now())
        assert outage is not None
        assert outage.reason == "5 of the last 5 calls could not be placed. No line was free."

        waiting = step(request(RINGS_FOR_EVER))
        assert (waiting.state, waiting.waits_for, waiting.setbacks) == (State.QUEUED, "trunk", 0)
        assert waiting.not_before == outage.until
        decision = decision_of(waiting.id)
        assert decision is not None
        assert decision.why.startswith("The line is out of order since ")
        assert pbx.originates(waiting.id) == 0

        step(waiting, at=outage.until + timedelta(seconds=1))
        eventually(lambda: is_in(waiting, State.RINGING))
        assert (trunk().out_of_order_since, pbx.originates(waiting.id)) == (None, 1)
        assert outage_of(failed.organization_id, now()) is None


def test_a_call_that_was_prepared_when_it_opened_goes_back_with_its_attempt(pbx: SandboxPbx) -> None:
    make_gateway(GATEWAY)
    call = request(RINGS_FOR_EVER)
    dial_call(call.id, clock=now)
    Trunk.objects.update(out_of_order_since=now(), retry_at=now() + timedelta(minutes=1), out_of_order_reason="Away.")
    talk.voice_ready(call.id, gateway_id=GATEWAY, at=now())
    dial_call(call.id, clock=now)
    assert is_in(call, State.QUEUED)
    assert (call.waits_for, call.trunk_id, pbx.originates(call.id)) == ("trunk", None, 0)


def test_logins_that_are_refused_open_it_with_the_words_of_the_pbx(pbx: SandboxPbx) -> None:
    pbx.fault("RefuseLogin", 3)
    calls = [step(request(RINGS_FOR_EVER)) for _ in range(3)]
    assert [(call.state, call.waits_for) for call in calls] == [(State.QUEUED, "pbx")] * 3
    assert "refused the AMI login" in trunk().out_of_order_reason
    again_at = trunk().retry_at
    assert again_at is not None
    assert is_in(step(calls[0], at=again_at), State.DIALING)  # three logins, and no more, were to be refused


def test_a_pbx_that_refuses_every_call_is_a_fault_of_the_trunk(pbx: SandboxPbx) -> None:
    Trunk.objects.create(name="default", context="nowhere")
    for _ in range(5):
        refused = step(request(RINGS_FOR_EVER))
        assert (refused.state, refused.outcome) == (State.ENDED, Outcome.FAILED)
    assert "The PBX refused the call: Extension does not exist." in trunk().out_of_order_reason


def test_an_originate_that_got_lost_says_nothing_about_the_trunk(
    pbx: SandboxPbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.asterisk.originate.ANSWER_SECONDS", 0.05)
    pbx.fault("LoseOriginate", 6)
    for _ in range(6):
        call = step(request(RINGS_FOR_EVER))
        Call.objects.filter(id=call.id).update(dialing_at=now() - timedelta(minutes=1))
    with running(CallControl(pbx.account, QUICK)):
        eventually(lambda: not Call.objects.exclude(state=State.ENDED).exists())
    assert set(Call.objects.values_list("outcome", flat=True)) == {Outcome.LOST}
    assert trunk().out_of_order_since is None
