"""Putting a callee through to a person: whom, once, and what becomes of the call."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from calls.models import Call
from calls.selectors import talk_order
from calls.services import endings, hangup, talk, transfers
from calls.services.endings import Hangup
from calls.services.overdue import end_overdue
from calls.states import TRANSFERS, Outcome, State, Transfer, TransferSignal, next_transfer
from opendeep.core.errors import Conflict
from opendeep.core.phone import mask
from tests.factories import NOW, make_call, make_organization

PERSON = "+12025550177"
LATER = NOW + timedelta(seconds=20)
signals = st.lists(st.sampled_from(TransferSignal), max_size=20)


def talking(**fields: str) -> Call:
    organization = make_organization(**({"transfer_number": PERSON} | fields))
    return make_call(State.TALKING, organization=organization, gateway="gateway-1")


def kinds(call: Call) -> list[str]:
    return [event.kind for event in call.events.all() if event.kind.startswith("transfer")]


@given(signals)
def test_a_transfer_that_was_answered_stays_so(order: list[TransferSignal]) -> None:
    assert all(next_transfer(Transfer.ANSWERED, signal) is None for signal in order)


def test_every_transfer_has_its_row_and_every_signal_its_place() -> None:
    assert set(TRANSFERS) == set(Transfer)
    assert {signal for edges in TRANSFERS.values() for signal in edges} == set(TransferSignal)


@pytest.mark.django_db
def test_the_number_is_the_organizations_and_is_given_once() -> None:
    call = talking()
    assert transfers.start(call.id, reason="wants a person", at=NOW).number == PERSON
    with pytest.raises(Conflict, match="being put through already"):
        transfers.start(call.id, reason="again", at=NOW)
    assert kinds(call) == ["transfer_started"]


@pytest.mark.django_db
def test_in_tests_with_real_telephones_no_other_number_is_dialled() -> None:
    with override_settings(TEST_REDIRECT_NUMBER="+12025550123"):
        assert transfers.start(talking().id, reason="", at=NOW).number == "+12025550123"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"transfer_number": ""}, "no number of a person"),
        ({"transfer_number": "+19005550123"}, "premium-rate"),
        ({"transfer_number": "+1911"}, "not a telephone number|no such|Emergency"),
        ({"transfer_number": "+1202555,P/1@tr"}, "not a telephone number"),
        ({"transfer_number": "+442079460123"}, "country GB"),
    ],
)
def test_nobody_is_put_through_where_no_call_may_go(fields: dict[str, str], words: str) -> None:
    call = talking(**fields)
    with pytest.raises(Conflict, match=words):
        transfers.start(call.id, reason="", at=NOW)
    order = talk_order(call.id)
    assert order is not None
    assert order.transfer_ring_seconds == 0


@pytest.mark.django_db
def test_the_agent_may_put_through_where_a_number_is_set() -> None:
    with override_settings(TRANSFER_RING_SECONDS=20):
        order = talk_order(talking().id)
    assert order is not None
    assert order.transfer_ring_seconds == 20


@pytest.mark.django_db
def test_an_organization_takes_only_numbers_in_international_form() -> None:
    with pytest.raises(ValidationError):
        make_organization(transfer_number="0177 123").full_clean()


@pytest.mark.django_db
@pytest.mark.parametrize("state", [State.RINGING, State.ANSWERED, State.ENDED])
def test_only_a_call_that_talks_is_put_through(state: State) -> None:
    call = make_call(state, organization=make_organization(transfer_number=PERSON))
    with pytest.raises(Conflict):
        transfers.start(call.id, reason="", at=NOW)


@pytest.mark.django_db
def test_a_call_that_shall_end_is_not_put_through() -> None:
    call = talking()
    hangup.note_request(call.id, reason="stop", source="owner", at=NOW)
    with pytest.raises(Conflict):
        transfers.start(call.id, reason="", at=NOW)


@pytest.mark.django_db
def test_a_call_that_has_had_its_time_is_not_put_through_and_keeps_its_deadline() -> None:
    call = talking()
    Call.objects.filter(id=call.id).update(talking_at=NOW, deadline_at=NOW + timedelta(minutes=16))
    end = NOW + timedelta(seconds=settings.MAX_CALL_SECONDS)
    with pytest.raises(Conflict, match="maximum length"):
        transfers.start(call.id, reason="", at=end + timedelta(minutes=1))
    call.refresh_from_db()
    assert (call.transfer, call.deadline_at) == (Transfer.NONE, NOW + timedelta(minutes=16))
    transfers.start(call.id, reason="", at=end)  # the agent's words before it may end a little later
    call.refresh_from_db()
    assert call.deadline_at == end + timedelta(seconds=settings.TRANSFER_RING_SECONDS) + transfers.SLACK


@pytest.mark.django_db
def test_two_people_may_talk_longer_than_an_agent_may() -> None:
    call = talking()
    transfers.start(call.id, reason="", at=NOW)
    assert transfers.answered(call.id, at=NOW, source="pbx")
    talk.talk_over(call.id, gateway_id="gateway-1", cause="transferred", at=LATER)
    assert end_overdue(NOW + timedelta(hours=1)) == 0
    assert end_overdue(NOW + timedelta(hours=3)) == 1


@pytest.mark.django_db
def test_the_end_of_their_talk_completes_the_call() -> None:
    call = talking()
    transfers.start(call.id, reason="", at=NOW)
    transfers.answered(call.id, at=NOW, source="pbx")
    talk.talk_over(call.id, gateway_id="gateway-1", cause="transferred", at=LATER)
    assert endings.hung_up(call.id, Hangup(16), at=LATER + timedelta(minutes=5))
    call.refresh_from_db()
    assert (call.outcome, call.end_reason) == (Outcome.COMPLETED, "The callee was put through to a person.")
    assert kinds(call) == ["transfer_started", "transfer_answered"]


@pytest.mark.django_db
def test_the_transcript_says_when_the_agent_was_out_of_it_and_shows_no_whole_number() -> None:
    call = talking()
    transfers.start(call.id, reason="", at=NOW)
    transfers.answered(call.id, at=NOW, source="pbx")
    (turn,) = call.turns.all()
    assert (turn.speaker, turn.text) == ("system", f"Put through to a person at {mask(PERSON)}.")
    assert PERSON not in str(call.events.get(kind="transfer_started").detail)


@pytest.mark.django_db
def test_a_gateway_that_died_meanwhile_does_not_matter() -> None:
    call = talking()
    transfers.start(call.id, reason="", at=NOW)
    transfers.answered(call.id, at=NOW, source="pbx")
    endings.hung_up(call.id, Hangup(16), at=LATER)
    end_overdue(LATER + timedelta(minutes=1))
    call.refresh_from_db()
    assert call.outcome == Outcome.COMPLETED


@pytest.mark.django_db
def test_a_person_who_is_not_reached_gives_the_callee_back_with_time_to_say_so() -> None:
    call = talking()
    Call.objects.filter(id=call.id).update(talking_at=NOW - timedelta(seconds=settings.MAX_CALL_SECONDS))
    transfers.start(call.id, reason="", at=NOW)
    assert transfers.failed(call.id, reason="Their line was busy.", at=LATER, source="pbx")
    assert not transfers.failed(call.id, reason="late", at=LATER, source="pbx")
    call.refresh_from_db()
    assert (call.state, call.transfer) == (State.TALKING, Transfer.NONE)
    assert call.deadline_at == LATER + timedelta(minutes=1)
    assert call.events.get(kind="transfer_failed").detail == {"reason": "Their line was busy."}


@pytest.mark.django_db
def test_after_a_failure_another_try_may_be_made() -> None:
    call = talking()
    for _ in range(2):
        transfers.start(call.id, reason="", at=NOW)
        transfers.failed(call.id, reason="", at=NOW, source="pbx")
    transfers.start(call.id, reason="", at=NOW)


@pytest.mark.django_db
def test_what_was_seen_before_a_transfer_began_says_nothing_about_it() -> None:
    call = talking()
    transfers.start(call.id, reason="", at=LATER)
    assert not transfers.failed(call.id, reason="", at=LATER, source="pbx", started_before=NOW)
    assert transfers.failed(call.id, reason="", at=LATER, source="pbx", started_before=LATER + timedelta(seconds=1))


@pytest.mark.django_db
def test_the_gateway_may_be_the_only_one_who_knows_that_the_callee_did_not_come_back() -> None:
    call = talking()
    transfers.start(call.id, reason="", at=NOW)
    talk.talk_over(call.id, gateway_id="gateway-1", cause="transferred", at=LATER)
    call.refresh_from_db()
    assert call.transfer == Transfer.ANSWERED


@pytest.mark.django_db
def test_a_hangup_request_keeps_its_deadline_whatever_the_transfer_does() -> None:
    call = talking()
    transfers.start(call.id, reason="", at=NOW)
    hangup.note_request(call.id, reason="stop", source="owner", at=NOW)
    transfers.answered(call.id, at=NOW, source="pbx")
    call.refresh_from_db()
    assert call.deadline_at == NOW + hangup.HANG_UP_LIMIT
