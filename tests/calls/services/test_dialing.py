"""One call, step by step: through the gate to a gateway, and to the PBX at most once."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import override_settings

from calls.asterisk.dialer import Answer, DialOrder, Refused, Unknown
from calls.asterisk.sending import uptime
from calls.contracts import CALL_ENDED
from calls.endings import Ending
from calls.models import Call, CallEvent
from calls.services import placing, talk
from calls.services.do_not_call import add_do_not_call
from calls.services.endings import end
from calls.services.hangup import cancel_call
from calls.states import Outcome, State
from opendeep.accounts.models import Organization
from opendeep.core.models import OutboxEvent
from tests.calls.conftest import make_gateway
from tests.calls.dialers import AbsentPbx, RecordingDialer
from tests.calls.steps import dial_call
from tests.factories import NOW, NUMBER, make_call, make_group, make_organization

pytestmark = pytest.mark.django_db

NIGHT = datetime.fromisoformat("2026-11-25T03:00+00:00")  # ten in the evening in New York
MORNING = datetime.fromisoformat("2026-11-25T14:00+00:00")


@pytest.fixture(autouse=True)
def redis_is_there(redis_url: str) -> Iterator[None]:
    yield


def dial(call: Call, dialer: RecordingDialer | AbsentPbx | None = None, at: datetime = NOW) -> Call:
    dial_call(call.id, clock=lambda: at, dialer=dialer or RecordingDialer())
    call.refresh_from_db()
    return call


def ready(**fields: object) -> Call:
    return make_call(State.PREPARING, voice_ready_at=NOW, **fields)


def kinds(call: Call) -> list[str]:
    return [event.kind for event in call.events.all()]


def gate_events(call: Call) -> list[tuple[str, str | None]]:
    events = CallEvent.objects.filter(call=call, kind="gate")
    return [(event.detail["decision"], event.detail["rule"]) for event in events]


def test_a_queued_call_reserves_the_gateway_with_most_room() -> None:
    make_gateway("full", capacity=1, load=1)
    make_gateway("busy", capacity=10, load=5)
    make_gateway("free", capacity=10, load=1)
    call = dial(make_call())
    assert (call.state, call.gateway, call.gateway_address) == (State.PREPARING, "free", "127.0.0.1:9092")
    assert kinds(call) == ["gate", "prepare"]


def test_calls_that_a_gateway_has_not_counted_yet_count_as_its_load() -> None:
    make_gateway("first", capacity=1, load=0)
    dial(make_call())
    call = dial(make_call(number="+12025550104"))
    assert (call.state, call.waits_for) == (State.QUEUED, "gateway")


def test_without_a_gateway_the_call_waits_and_says_so_once() -> None:
    call = make_call()
    for seconds in (0, 3, 6):
        dial(call, at=NOW + timedelta(seconds=seconds))
    assert (call.state, call.waits_for, call.not_before) == (State.QUEUED, "gateway", NOW + timedelta(seconds=9))
    assert kinds(call) == ["waits"]
    assert call.events.get().detail["why"] == "No gateway is running."


def test_without_a_line_the_call_waits() -> None:
    make_gateway()
    call = make_call(organization=make_organization(max_concurrent_calls=0))
    assert dial(call).waits_for == "line"


@pytest.mark.parametrize("cap", ["MAX_CONCURRENT_CALLS", "organization", "group"])
def test_no_cap_is_exceeded(cap: str) -> None:
    make_gateway()
    organization = make_organization(max_concurrent_calls=1 if cap == "organization" else 9)
    group = make_group(organization, max_concurrent_calls=1 if cap == "group" else 9)
    make_call(State.TALKING, organization=organization, group=group, number="+12025550104")
    with override_settings(MAX_CONCURRENT_CALLS=1 if cap == "MAX_CONCURRENT_CALLS" else 9):
        call = dial(make_call(organization=organization, group=group))
    assert (call.state, call.waits_for) == (State.QUEUED, "line")


def test_before_its_time_nothing_happens_to_a_call() -> None:
    make_gateway()
    assert dial(make_call(not_before=NOW + timedelta(seconds=1))).state == State.QUEUED


def test_a_denied_call_ends_as_blocked_with_the_rule() -> None:
    call = make_call()
    add_do_not_call(call.organization_id, NUMBER, source="call", reason="said so", at=NOW)
    dial(call)
    assert (call.state, call.outcome) == (State.ENDED, Outcome.BLOCKED)
    assert call.end_reason == "This number asked not to be called again."
    assert gate_events(call) == [("deny", "do_not_call")]
    assert OutboxEvent.objects.filter(topic=CALL_ENDED).count() == 1


def test_a_no_of_the_gate_itself_is_kept_with_its_rule() -> None:
    call = dial(make_call(number="+4915112345678", time_zone="Europe/Berlin"))
    assert (call.state, call.outcome, gate_events(call)) == (State.ENDED, Outcome.BLOCKED, [("deny", "country")])


def test_at_night_the_call_waits_until_morning() -> None:
    make_gateway()
    call = dial(make_call(), at=NIGHT)
    assert (call.state, call.not_before, call.waits_for) == (State.QUEUED, MORNING, "calling_hours")
    event = call.events.get(kind="gate")
    assert event.detail["until"] == MORNING.isoformat()
    assert "calling hours" in event.detail["why"]


def test_a_rule_that_says_later_again_and_again_is_kept_once() -> None:
    call = make_call(organization=make_organization(calling_paused=True))
    for minutes in range(3):
        dial(call, at=NOW + timedelta(minutes=minutes))
    assert gate_events(call) == [("defer", "organization_paused")]


def test_with_a_ready_voice_the_call_is_dialled_once() -> None:
    call, dialer = ready(), RecordingDialer()
    for _ in range(3):
        dial(call, dialer)
    assert (call.state, call.originate_sent_at) == (State.DIALING, NOW)
    (order,) = dialer.sent
    assert (order.call_id, order.number, order.gateway_address) == (call.id, NUMBER, "127.0.0.1:9092")
    assert order.caller_id == call.organization.caller_id
    assert kinds(call) == ["gate", "dial", "originate_accepted"]


def test_without_a_ready_voice_nobody_is_rung() -> None:
    dialer = RecordingDialer()
    assert dial(make_call(State.PREPARING), dialer).state == State.PREPARING
    assert dialer.sent == []


def test_the_state_is_committed_before_originate_is_sent() -> None:
    call = ready()
    states: list[str] = []

    class Looking(RecordingDialer):
        def originate(self, orders: Sequence[DialOrder], *, before: float) -> list[Answer]:
            states.append(Call.objects.get(id=call.id).state)
            return super().originate(orders, before=before)

    dial(call, Looking())
    assert states == [State.DIALING]


def test_a_pbx_that_is_away_costs_no_attempt() -> None:
    call = dial(ready(), AbsentPbx())
    assert (call.state, call.waits_for, call.setbacks) == (State.QUEUED, "pbx", 1)
    assert call.originate_sent_at is None
    assert call.not_before > NOW
    assert "Connection refused" in call.events.get(kind="postpone").detail["reason"]


def test_a_refusal_ends_the_call_with_the_reason() -> None:
    call = dial(ready(), RecordingDialer(Refused("Extension does not exist.")))
    assert (call.outcome, call.end_reason) == (Outcome.FAILED, "The PBX refused the call: Extension does not exist.")


def test_an_unknown_answer_is_written_down_and_never_repeated() -> None:
    call, dialer = ready(), RecordingDialer(Unknown("The PBX did not answer in time."))
    dial(call, dialer)
    dial(call, dialer)
    assert call.state == State.DIALING
    assert len(dialer.sent) == 1
    assert kinds(call)[-1] == "originate_unknown"


def test_an_opt_out_while_the_voice_was_prepared_stops_the_dial() -> None:
    call, dialer = ready(), RecordingDialer()

    def opt_out() -> None:
        add_do_not_call(None, NUMBER, source="import", reason="", at=NOW)

    dialer.on_login = opt_out
    dial(call, dialer)
    assert (call.outcome, dialer.sent) == (Outcome.BLOCKED, [])


@pytest.mark.parametrize("gateway", ["gateway-1", "gateway-2"])
@pytest.mark.parametrize("voice_ready_at", [None, NOW + timedelta(seconds=1)])
def test_a_call_that_was_prepared_anew_during_a_slow_login_is_not_dialled_by_its_old_order(
    gateway: str, voice_ready_at: datetime | None
) -> None:
    call, dialer = ready(), RecordingDialer()

    def prepare_anew() -> None:
        anew = {"gateway": gateway, "gateway_address": "b:9092", "voice_ready_at": voice_ready_at}
        Call.objects.filter(id=call.id).update(**anew)

    dialer.on_login = prepare_anew
    dial(call, dialer)
    assert (call.state, call.gateway, dialer.sent) == (State.PREPARING, gateway, [])


def test_a_gateway_that_differs_is_enough_for_the_order_to_be_an_old_one() -> None:
    call, dialer = ready(), RecordingDialer()

    def move() -> None:
        Call.objects.filter(id=call.id).update(gateway="gateway-2")

    dialer.on_login = move
    dial(call, dialer)
    assert (call.state, dialer.sent) == (State.PREPARING, [])


def test_a_call_that_another_job_dialled_during_a_slow_login_goes_on_whatever_the_gate_would_say_now() -> None:
    call, dialer = ready(), RecordingDialer()

    def dialled_by_another() -> None:
        Call.objects.filter(id=call.id).update(state=State.TALKING)
        add_do_not_call(call.organization_id, NUMBER, source="call", reason="said so", at=NOW)

    dialer.on_login = dialled_by_another
    dial(call, dialer)
    assert (call.state, dialer.sent, kinds(call)) == (State.TALKING, [], [])


def test_a_campaign_paused_while_the_voice_was_prepared_sends_the_call_back() -> None:
    organization = make_organization()
    call, dialer = ready(organization=organization, group=make_group(organization, paused=True)), RecordingDialer()
    dial(call, dialer)
    assert (call.state, call.waits_for, dialer.sent) == (State.QUEUED, "campaign_paused", [])
    assert call.gateway == ""


def test_a_process_that_was_held_up_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    call, dialer = ready(), RecordingDialer()
    monkeypatch.setattr(placing, "uptime", lambda: uptime() - placing.ORIGINATE_WITHIN_SECONDS - 0.1)
    dial(call, dialer)
    assert (call.outcome, dialer.sent) == (Outcome.FAILED, [])
    assert "held up" in call.end_reason


def give_up(call: Call) -> None:
    """What the sweep of overdue calls comes to when everybody is away for long enough."""
    end(call.id, Ending(Outcome.LOST, "Given up."), at=NOW, source="engine")


def say_no(call: Call) -> None:
    add_do_not_call(call.organization_id, call.number, source="owner", reason="", at=NOW)


def cancel(call: Call) -> None:
    cancel_call(call.id, reason="The owner pressed stop.", at=NOW)


@pytest.mark.parametrize(("act", "outcome"), [(give_up, "lost"), (say_no, "cancelled"), (cancel, "cancelled")])
def test_what_happens_between_commit_and_originate_stops_the_dial(
    act: Callable[[Call], None], outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, dialer = ready(), RecordingDialer()
    commit = placing._commit_dialing

    def commit_and_then(*arguments: Any) -> tuple[list[UUID], float]:
        committed = commit(*arguments)
        act(call)
        return committed

    monkeypatch.setattr(placing, "_commit_dialing", commit_and_then)
    dial(call, dialer)
    assert (call.state, call.outcome, dialer.sent) == (State.ENDED, outcome, [])


def test_a_test_installation_dials_its_own_number_only() -> None:
    call, dialer = ready(), RecordingDialer()
    with override_settings(TEST_REDIRECT_NUMBER="+4930123456"):
        dial(call, dialer)
    assert [order.number for order in dialer.sent] == ["+4930123456"]
    assert call.events.get(kind="dial").detail == {"redirected_to": "+4*******56"}


def test_a_setting_that_makes_no_order_ends_the_call_in_words() -> None:
    dialer = RecordingDialer()
    with override_settings(TEST_REDIRECT_NUMBER="call me"):
        call = dial(ready(), dialer)
    assert (call.outcome, dialer.sent) == (Outcome.FAILED, [])
    assert "international form" in call.end_reason


@pytest.mark.parametrize("state", [State.DIALING, State.RINGING, State.ANSWERED, State.TALKING, State.ENDED])
def test_a_call_that_was_dialled_is_left_alone(state: State) -> None:
    call, dialer = make_call(state, voice_ready_at=NOW), RecordingDialer()
    assert dial(call, dialer).state == state
    assert dialer.sent == []


def test_a_job_for_a_call_that_is_gone_does_nothing() -> None:
    organization: Organization = make_organization()
    call = make_call(organization=organization)
    call_id = call.id
    call.delete()
    dial_call(call_id, clock=lambda: NOW, dialer=RecordingDialer())


def test_a_voice_that_becomes_ready_asks_for_the_dial(
    jobs: list[tuple[str, ...]], django_capture_on_commit_callbacks: "pytest.FixtureRequest"
) -> None:
    call = make_call(State.PREPARING)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert talk.voice_ready(call.id, gateway_id="gateway-1", at=NOW)
        assert talk.voice_ready(call.id, gateway_id="gateway-1", at=NOW)
    assert jobs == [("calls.place_ready",)]
