"""Trunks as rows: their room, whose they are, and their breakers."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import override_settings

from calls.contracts import LineOutage
from calls.endings import Ending
from calls.models import Call
from calls.services import capacity, channels, endings
from calls.services.endings import Hangup
from calls.services.occupancy import SYSTEM, Occupancy, organization_key
from calls.services.transitions import apply
from calls.states import Outcome, Signal, State
from calls.trunks import service
from calls.trunks.breaker import PAUSE_WITHOUT_PBX, PROBES
from calls.trunks.choice import Full
from calls.trunks.models import Trunk
from calls.trunks.ways_out import WaysOut
from tests.factories import NOW, make_call, make_organization

pytestmark = pytest.mark.django_db

CONGESTION, BUSY = Hangup(34, "Circuit/channel congestion", "503"), Hangup(17)


def trunk(name: str = "first", **fields: object) -> Trunk:
    return Trunk.objects.create(name=name, **fields)


def number(n: int) -> str:
    return f"+12025551{n:03}"


def live(on: Trunk | None, n: int, state: State = State.TALKING, **fields: object) -> Call:
    return make_call(state, trunk=on, number=number(n), **fields)


def fail(on: Trunk, times: int, at: datetime = NOW, hangup: Hangup = CONGESTION) -> None:
    for n in range(times):
        endings.hung_up(live(on, n, State.DIALING, dialing_at=at).id, hangup, at=at)


def choose_for(call: Call, at: datetime) -> Trunk | Full | LineOutage:
    return WaysOut.now().choose_for(call, Occupancy.live(), at)


def reread(row: Trunk) -> Trunk:
    return Trunk.objects.get(pk=row.pk)


# --- Room -----------------------------------------------------------------------------------------


def test_the_settings_trunk_makes_itself_and_has_their_lines() -> None:
    with override_settings(TRUNK_LINES=3):
        assert capacity.free_lines(at=NOW) == 3
    assert not Trunk.objects.exists()  # to look makes no row
    choose_for(make_call(), NOW)
    assert list(Trunk.objects.values_list("name", "pbx", "lines")) == [("default", "default", None)]


def test_calls_spread_over_the_trunks_by_their_lines() -> None:
    first, second = trunk("first", lines=1), trunk("second", lines=2, position=1)
    taken = []
    for n in range(4):
        chosen = choose_for(make_call(number=number(n)), NOW)
        if isinstance(chosen, Trunk):
            taken.append(chosen)
            live(chosen, 10 + n)
    assert taken == [first, second, second]
    assert capacity.free_lines(at=NOW) == 0


def test_one_trunk_that_is_over_its_lines_does_not_take_the_room_of_another() -> None:
    first = trunk("first", lines=1)
    trunk("second", lines=2, position=1)
    live(first, 1)
    live(first, 2)  # its lines were lowered meanwhile
    assert capacity.free_lines(at=NOW) == 2


@pytest.mark.parametrize(("transfer", "free"), [("", 3), ("ringing", 2), ("answered", 2)])
def test_a_call_that_is_put_through_takes_two_lines_of_its_trunk_and_one_of_all_else(transfer: str, free: int) -> None:
    call = live(trunk(lines=4), 1, transfer=transfer)
    assert capacity.free_lines(at=NOW) == free
    used = Occupancy.live().calls
    assert used[SYSTEM] == used[organization_key(call.organization_id)] == 1


def test_a_trunk_that_is_switched_off_takes_no_call() -> None:
    trunk(enabled=False)
    assert choose_for(make_call(), NOW) == Full()
    assert capacity.free_lines(at=NOW) == 0


def test_a_trunk_with_organizations_is_theirs_alone_and_they_use_no_other() -> None:
    owner, other = make_organization(), make_organization(name="Other")
    own, shared = trunk("own", lines=2), trunk("shared", lines=5, position=1)
    own.organizations.add(owner)
    assert choose_for(make_call(organization=owner), NOW) == own
    assert choose_for(make_call(organization=other), NOW) == shared
    live(own, 1, organization=owner)
    live(own, 2, organization=owner)
    assert choose_for(make_call(organization=owner, number=number(9)), NOW) == Full()
    assert capacity.free_lines(owner.id, at=NOW + timedelta(hours=-1)) == 0


def test_calls_that_wait_for_a_line_of_their_own_trunk_leave_the_shared_ones_free() -> None:
    owner, other = make_organization(), make_organization(name="Other")
    trunk("own", lines=0).organizations.add(owner)
    trunk("shared", lines=1, position=1)
    make_call(organization=owner, number=number(1), waits_for="line")
    assert capacity.free_lines(other.id, at=NOW) == 1


def test_switching_off_its_own_trunk_does_not_send_an_organization_to_the_shared_ones() -> None:
    owner = make_organization()
    trunk("own", enabled=False).organizations.add(owner)
    trunk("shared", position=1)
    assert choose_for(make_call(organization=owner), NOW) == Full()


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Not A Name"},
        {"dial_string": "PJSIP/number@trunk"},
        {"dial_string": "{number}{number}"},
        {"dial_string": "PJSIP/{number}@{endpoint}"},
        {"context": "two words"},
    ],
)
def test_a_trunk_that_cannot_dial_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Trunk(**({"name": "a"} | fields)).full_clean()


# --- The breaker ----------------------------------------------------------------------------------


def test_a_trunk_that_places_no_calls_is_out_of_order() -> None:
    row = trunk()
    fail(row, 4)
    assert reread(row).out_of_order_since is None
    fail(row, 1)
    row = reread(row)
    assert (row.out_of_order_since, row.retry_at) == (NOW, NOW + timedelta(seconds=30))
    assert row.out_of_order_reason == "5 of the last 5 calls could not be placed. No line was free."
    assert row.times_out_of_order == 1
    assert choose_for(make_call(number=number(50)), NOW) == LineOutage(
        NOW, NOW + timedelta(seconds=30), row.out_of_order_reason
    )


def test_an_outage_of_which_two_calls_tell_at_once_begins_once() -> None:
    row = trunk()
    fail(row, 5)
    opened = reread(row)
    service._open(row, "told by somebody who has seen it in order", NOW + timedelta(seconds=1))
    again = reread(row)
    assert (again.out_of_order_since, again.retry_at, again.out_of_order_reason, again.times_out_of_order) == (
        NOW,
        opened.retry_at,
        opened.out_of_order_reason,
        1,
    )


def test_what_the_callee_does_is_no_fault_of_the_trunk() -> None:
    row = trunk()
    fail(row, 9, hangup=BUSY)
    fail(row, 4)
    assert reread(row).out_of_order_since is None


def test_what_failed_without_its_fault_says_nothing_of_it() -> None:
    row = trunk()
    for n in range(9):
        ended = {"outcome": Outcome.FAILED, "ended_at": NOW, "dialing_at": NOW}
        make_call(State.ENDED, trunk=row, number=number(20 + n), **ended)
    fail(row, 5)
    assert reread(row).out_of_order_since == NOW


@pytest.mark.parametrize(
    ("rang", "early_media", "mends"), [(None, False, False), (NOW, False, True), (None, True, True)]
)
def test_a_refusal_mends_it_only_when_the_far_end_was_heard(
    rang: datetime | None, early_media: bool, mends: bool
) -> None:
    row = trunk()
    fail(row, 5)
    later = NOW + timedelta(seconds=31)
    state = State.RINGING if rang else State.DIALING
    call = live(row, 50, state, preparing_at=later, dialing_at=later, ringing_at=rang)
    if early_media:
        channels.early_media(call.id, at=later)
    endings.hung_up(call.id, Hangup(21, "Call rejected", "603 Decline"), at=later)
    call.refresh_from_db()
    assert (call.outcome, reread(row).out_of_order_since is None) == (Outcome.REJECTED, mends)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CANCELLED, Outcome.LOST])
def test_a_try_that_ends_without_a_word_of_the_far_end_does_not_close_it(outcome: Outcome) -> None:
    first = trunk(out_of_order_since=NOW, retry_at=NOW)
    tried = live(first, 1, State.DIALING, dialing_at=NOW)
    endings.end(tried.id, Ending(outcome, "Nobody knows."), at=NOW, source="tests")
    assert reread(first).out_of_order_since == NOW


def test_calls_that_say_nothing_about_the_trunk_are_not_counted() -> None:
    row = trunk()
    for n in range(30):
        ended = {"outcome": Outcome.CANCELLED, "ended_at": NOW}
        make_call(State.ENDED, trunk=row, number=number(n), **ended)
    fail(row, 5)
    assert reread(row).out_of_order_since == NOW


def test_only_a_few_calls_try_it_again() -> None:
    row = trunk(lines=10)
    fail(row, 5)
    later = NOW + timedelta(seconds=31)
    for n in range(PROBES):
        assert choose_for(make_call(number=number(50 + n)), later) == row
        live(row, 60 + n, State.DIALING, preparing_at=later, dialing_at=later)
    assert isinstance(choose_for(make_call(number=number(70)), later), LineOutage)


def test_the_first_that_reaches_the_far_end_closes_it_and_what_was_before_counts_no_more() -> None:
    row = trunk()
    fail(row, 5)
    later = NOW + timedelta(seconds=31)
    apply(live(row, 90, State.DIALING, dialing_at=later).id, Signal.RING, at=later, source="pbx")
    row = reread(row)
    assert (row.out_of_order_since, row.retry_at, row.in_order_since) == (None, None, later)
    fail(row, 4, at=later)
    assert reread(row).out_of_order_since is None


def test_a_busy_callee_closes_it_too() -> None:
    row = trunk()
    fail(row, 5)
    fail(row, 1, at=NOW + timedelta(seconds=31), hangup=BUSY)
    assert reread(row).out_of_order_since is None


def test_a_call_from_before_the_outage_says_nothing_about_it() -> None:
    row = trunk()
    fail(row, 5)
    old = live(row, 90, State.DIALING, dialing_at=NOW - timedelta(minutes=1))
    apply(old.id, Signal.RING, at=NOW + timedelta(seconds=40), source="pbx")
    assert reread(row).out_of_order_since == NOW


def test_a_probe_that_meets_the_fault_again_opens_it_for_longer() -> None:
    row = trunk()
    fail(row, 5)
    later = NOW + timedelta(seconds=31)
    fail(row, 1, at=later)
    row = reread(row)
    assert (row.retry_at, row.failed_tries, row.out_of_order_since) == (later + timedelta(seconds=60), 1, NOW)


def test_a_pbx_that_is_out_of_reach_three_times_in_a_row_opens_it() -> None:
    row = trunk()
    for _ in range(2):
        service.note_unreachable(row, "The PBX cannot be reached.", at=NOW)
    service.note_reached(reread(row))
    for _ in range(3):
        assert reread(row).out_of_order_since is None
        service.note_unreachable(row, "The PBX cannot be reached.", at=NOW)
    row = reread(row)
    assert (row.retry_at, row.out_of_order_reason) == (NOW + PAUSE_WITHOUT_PBX, "The PBX cannot be reached.")


def test_a_pbx_that_stays_away_is_asked_again_at_a_steady_pace() -> None:
    row = trunk()
    at = NOW
    for _ in range(3):
        service.note_unreachable(row, "away", at=at)
    for _ in range(5):
        at += PAUSE_WITHOUT_PBX
        service.note_unreachable(row, "away", at=at)
        assert reread(row).retry_at == at + PAUSE_WITHOUT_PBX
    assert reread(row).out_of_order_since == NOW


def test_a_mended_trunk_frees_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    kicked: list[str] = []
    monkeypatch.setattr("calls.services.transitions.line_freed", lambda: kicked.append("kicked"))
    row = trunk()
    fail(row, 5)
    kicked.clear()
    later = NOW + timedelta(seconds=31)
    apply(live(row, 90, State.DIALING, dialing_at=later).id, Signal.RING, at=later, source="pbx")
    assert kicked == ["kicked"]
