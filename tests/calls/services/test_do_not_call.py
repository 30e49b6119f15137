"""A no counts at once: for calls that wait, for calls that are being prepared, in the transaction that writes it."""

import pytest
from django.db import transaction

from calls.contracts import CALL_ENDED
from calls.models import Call, DoNotCall
from calls.services.do_not_call import Imported, add_do_not_call, import_do_not_call
from calls.services.do_not_call_file import Entry
from calls.states import Outcome, State
from opendeep.core.models import OutboxEvent
from tests.factories import NOW, NUMBER, make_call, make_organization

pytestmark = pytest.mark.django_db

OTHER = "+12025550104"


@pytest.fixture(autouse=True)
def redis_is_there(redis_url: str) -> None:
    """Gateways hear that a voice is no longer needed."""


def state_of(call: Call) -> tuple[str, str]:
    call.refresh_from_db()
    return call.state, call.outcome


@pytest.mark.parametrize("state", [State.QUEUED, State.PREPARING])
def test_calls_that_are_not_dialled_yet_end_at_once(state: State) -> None:
    call = make_call(state)
    add_do_not_call(call.organization_id, NUMBER, source="owner", reason="", at=NOW)
    assert state_of(call) == (State.ENDED, Outcome.BLOCKED)
    assert call.end_reason == "This number asked not to be called again."
    assert call.events.get(kind="gate").detail["rule"] == "do_not_call"
    assert OutboxEvent.objects.filter(topic=CALL_ENDED).count() == 1


def test_what_is_undone_blocks_nobody() -> None:
    call = make_call(State.PREPARING)
    with pytest.raises(RuntimeError), transaction.atomic():
        add_do_not_call(call.organization_id, NUMBER, source="owner", reason="", at=NOW)
        raise RuntimeError
    assert state_of(call) == (State.PREPARING, "")
    assert not DoNotCall.objects.exists()


@pytest.mark.parametrize("state", [State.DIALING, State.RINGING])
@pytest.mark.parametrize("is_global", [True, False])
def test_a_phone_that_rings_is_hung_up(state: State, is_global: bool) -> None:
    call, other = make_call(state), make_call(state, number=OTHER)
    add_do_not_call(None if is_global else call.organization_id, NUMBER, source="owner", reason="", at=NOW)
    for each in (call, other):
        each.refresh_from_db()
    assert (call.state, call.hang_up_requested_at) == (state, NOW)
    assert other.hang_up_requested_at is None


@pytest.mark.parametrize("state", [State.ANSWERED, State.TALKING, State.ENDED])
def test_calls_that_were_answered_are_left_to_their_own_end(state: State) -> None:
    call = make_call(state)
    before = state_of(call)
    add_do_not_call(call.organization_id, NUMBER, source="call", reason="", at=NOW)
    assert state_of(call) == before


def test_other_numbers_and_other_organizations_go_on() -> None:
    organization = make_organization()
    theirs, other = make_call(), make_call(organization=organization, number=OTHER)
    add_do_not_call(organization.id, NUMBER, source="owner", reason="", at=NOW)
    assert {state_of(theirs), state_of(other)} == {(State.QUEUED, "")}


def test_a_no_for_everybody_ends_the_calls_of_everybody() -> None:
    calls = [make_call(), make_call(State.PREPARING)]
    add_do_not_call(None, NUMBER, source="import", reason="", at=NOW)
    assert {state_of(call) for call in calls} == {(State.ENDED, Outcome.BLOCKED)}


def test_an_import_adds_what_is_new_and_blocks_at_once() -> None:
    call = make_call(number=OTHER)
    add_do_not_call(call.organization_id, NUMBER, source="owner", reason="by mail", at=NOW)
    entries = [Entry(NUMBER, "again"), Entry(OTHER, "from the old list")]
    assert import_do_not_call(call.organization_id, entries, source="import", at=NOW) == Imported(added=1, known=1)
    assert import_do_not_call(call.organization_id, entries, source="import", at=NOW) == Imported(added=0, known=2)
    assert state_of(call) == (State.ENDED, Outcome.BLOCKED)
    rows = DoNotCall.objects.order_by("number").values_list("number", "reason", "source", "created_at")
    assert list(rows) == [(NUMBER, "by mail", "owner", NOW), (OTHER, "from the old list", "import", NOW)]


def test_a_long_list_is_imported_in_several_transactions() -> None:
    organization = make_organization()
    entries = [Entry(f"+1202555{n:04d}", "") for n in range(1101)]
    assert import_do_not_call(organization.id, entries, source="import", at=NOW).added == 1101
    assert DoNotCall.objects.filter(organization=organization).count() == 1101
