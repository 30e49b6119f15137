"""Many calls at once: what is due is prepared and placed some at a time, and each by the same rules as alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calls.asterisk.dialer import Accepted, Answer, DialOrder, Refused, Unknown
from calls.models import Call
from calls.services import dialing, gate, gateways, placing, preparing, transitions, waiting
from calls.services.dialing import PLACED_AT_ONCE, place_ready, place_ready_by, prepare_due
from calls.services.do_not_call import add_do_not_call
from calls.states import LIVE, Outcome, State
from calls.trunks.breaker import PROBES
from calls.trunks.models import Trunk
from opendeep.accounts.models import Organization
from opendeep.core.jobs import alone
from tests.calls.conftest import make_gateway
from tests.calls.dialers import AbsentPbx, RecordingDialer
from tests.factories import NOW, make_call, make_group, make_organization

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_is_scarce(redis_url: str) -> Iterator[None]:
    with override_settings(CALLS_PER_SECOND=99, MAX_CONCURRENT_CALLS=99, TRUNK_LINES=99):
        yield


def swift(**fields: Any) -> Organization:
    return make_organization(**{"calls_per_second": 99, "max_concurrent_calls": 99} | fields)


def number(n: int) -> str:
    return f"+1202555{n:04}"


def queued(count: int, organization: Organization, first: int = 0, **fields: Any) -> list[Call]:
    return [
        make_call(
            organization=organization, number=number(first + n), not_before=NOW - timedelta(seconds=count - n), **fields
        )
        for n in range(count)
    ]


def ready(count: int, organization: Organization, first: int = 0, **fields: Any) -> list[Call]:
    return [
        make_call(
            State.PREPARING,
            organization=organization,
            number=number(first + n),
            voice_ready_at=NOW + timedelta(milliseconds=n),
            **fields,
        )
        for n in range(count)
    ]


def prepare() -> int:
    return prepare_due(lambda: NOW)


def states(calls: Sequence[Call]) -> list[str]:
    return [Call.objects.get(id=call.id).state for call in calls]


# --- Preparing ------------------------------------------------------------------------------------


def test_whatever_is_due_is_prepared_in_the_order_of_its_turn() -> None:
    make_gateway(capacity=3)
    calls = queued(5, swift())
    assert prepare() == 5
    assert states(calls) == [State.PREPARING] * 3 + [State.QUEUED] * 2
    assert [Call.objects.get(id=call.id).waits_for for call in calls[3:]] == ["gateway"] * 2


def test_more_than_one_batch_is_prepared_by_one_sweep_the_longest_due_first(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[UUID]] = []

    def prepared(_: Any, ids: Sequence[UUID]) -> bool:
        told.append(list(ids))
        return True

    monkeypatch.setattr(gateways, "prepare", prepared)
    make_gateway(capacity=99)
    calls = queued(30, swift())
    assert prepare() == 30
    assert set(states(calls)) == {State.PREPARING}
    ids = [call.id for call in calls]
    assert told == [ids[:25], ids[25:]]


@given(
    system=st.integers(0, 8),
    organization=st.integers(0, 8),
    group=st.none() | st.integers(0, 8),
    trunk=st.integers(0, 8),
    gateway=st.integers(0, 8),
    live=st.integers(0, 3),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_limit_is_exceeded_by_those_who_are_prepared_together(
    system: int, organization: int, group: int | None, trunk: int, gateway: int, live: int
) -> None:
    Call.objects.all().delete()
    Trunk.objects.all().delete()
    owner = swift(max_concurrent_calls=organization)
    batch = make_group(owner, max_concurrent_calls=group)
    row = Trunk.objects.create(name="only", lines=trunk)
    gateway_id = make_gateway(capacity=gateway).id
    for n in range(live):
        taken = {"trunk": row, "gateway": gateway_id, "group": batch, "organization": owner}
        make_call(State.TALKING, number=number(900 + n), **taken)
    queued(6, owner, group=batch)
    with override_settings(MAX_CONCURRENT_CALLS=system):
        prepare()
    limits = [limit for limit in (system, organization, group, trunk, gateway) if limit is not None]
    assert Call.objects.filter(state__in=LIVE).count() == max(live, min(*limits, live + 6))


def test_a_trunk_that_is_tried_again_gets_no_more_than_its_probes_from_one_batch() -> None:
    make_gateway(capacity=99)
    broken_since = {"out_of_order_since": NOW - timedelta(minutes=5), "retry_at": NOW, "out_of_order_reason": "503"}
    Trunk.objects.create(name="only", lines=99, **broken_since)
    calls = queued(20, swift())
    prepare()
    assert states(calls) == [State.PREPARING] * PROBES + [State.QUEUED] * (20 - PROBES)


def test_no_more_voices_are_opened_together_than_the_spending_cap_allows() -> None:
    make_gateway(capacity=99)
    calls = queued(8, swift(spending_cap_cents=500))
    prepare()
    assert states(calls) == [State.PREPARING] * 5 + [State.QUEUED] * 3, "a dollar is reserved for each"


def test_two_calls_to_one_number_are_not_prepared_together() -> None:
    make_gateway()
    first, second = (make_call(organization=owner, number=number(1)) for owner in [swift()] * 2)
    prepare()
    assert sorted(states([first, second])) == [State.PREPARING, State.QUEUED]
    assert {call.waits_for for call in Call.objects.filter(state=State.QUEUED)} == {"one_live_call"}


def test_one_that_is_denied_keeps_nobody_else_from_his_call() -> None:
    make_gateway()
    calls = queued(3, organization := swift())
    add_do_not_call(organization.id, number(1), source="owner", reason="", at=NOW)
    prepare()
    assert states(calls) == [State.PREPARING, State.ENDED, State.PREPARING]


def test_when_a_batch_cannot_be_written_each_call_is_prepared_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when another call to the number of one of them became live at the same moment."""
    make_gateway()
    calls = queued(3, swift())
    apply_together = transitions.apply_together

    def taken(some: Sequence[Call], *args: Any, **fields: Any) -> None:
        if calls[1] in some:
            raise IntegrityError("one_live_call_per_number")
        apply_together(some, *args, **fields)

    monkeypatch.setattr(preparing, "apply_together", taken)
    prepare()
    assert states(calls) == [State.PREPARING, State.QUEUED, State.PREPARING]
    assert Call.objects.get(id=calls[1].id).waits_for == "one_live_call"


def move_on_after(module: Any, name: str, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else ends `call` behind the last look at it."""
    original = getattr(module, name)

    def and_then(each: Call, *args: Any) -> Any:
        passes = original(each, *args)
        if each.id == call.id:
            Call.objects.filter(id=call.id).update(state=State.ENDED, outcome=Outcome.CANCELLED)
        return passes

    monkeypatch.setattr(module, name, and_then)


@pytest.mark.parametrize("step", ["prepare", "place"])
def test_a_call_that_moves_on_meanwhile_is_left_alone_and_keeps_nobody_else(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_gateway()
    calls = queued(3, swift()) if step == "prepare" else ready(3, swift())
    before = State(calls[0].state)
    move_on_after(gate, "passes", calls[1], monkeypatch)
    pbx = Pbx()
    prepare() if step == "prepare" else place(pbx)
    after = State.PREPARING if step == "prepare" else State.DIALING
    assert states(calls) == [after, before, after], "what was read of it is undone with the rest"
    assert not calls[1].events.exists()
    assert [order.number for order in pbx.sent] == ([] if step == "prepare" else [calls[0].number, calls[2].number])


def poison(module: Any, name: str, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a rule does that meets a time zone which nobody knows any more."""
    original = getattr(module, name)

    def poisoned(each: Call, *args: Any) -> Any:
        if each.id == call.id:
            raise KeyError("no such zone")
        return original(each, *args)

    monkeypatch.setattr(module, name, poisoned)


def told(poisoned: Call, at: datetime) -> None:
    """What its owner reads of it."""
    poisoned.refresh_from_db()
    assert (poisoned.waits_for, poisoned.not_before) == ("fault", at + waiting.AFTER_FAULT)
    assert "Your operator finds the cause in the log" in poisoned.events.get(kind="waits").detail["why"]


def test_a_call_of_which_something_is_wrong_keeps_nobody_else_from_being_prepared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_gateway()
    calls = queued(3, swift())
    poison(gate, "passes", calls[0], monkeypatch)
    prepare()
    assert states(calls) == [State.QUEUED, State.PREPARING, State.PREPARING]
    told(calls[0], NOW)


def test_a_call_of_which_something_is_wrong_keeps_nobody_else_from_being_placed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = ready(3, swift())
    poison(gate, "passes", calls[0], monkeypatch)
    place(pbx := Pbx())
    assert states(calls) == [State.QUEUED, State.DIALING, State.DIALING]
    assert len(pbx.sent) == 2
    told(calls[0], NOW + timedelta(seconds=1))


def test_a_gateway_that_cannot_be_told_gets_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    make_gateway()
    calls = queued(2, swift())
    monkeypatch.setattr("calls.services.gateways.layer.send", lambda *_: False)
    prepare()
    assert states(calls) == [State.QUEUED] * 2
    assert {call.waits_for for call in Call.objects.all()} == {"voice"}


# --- Placing --------------------------------------------------------------------------------------


class Pbx(RecordingDialer):
    """Answers the orders by their numbers; keeps how many were sent together."""

    def __init__(self, answers: dict[str, Answer] | None = None) -> None:
        super().__init__()
        self.answers = answers or {}
        self.together: list[int] = []
        self.sessions = 0

    @contextmanager
    def session(self) -> Iterator[RecordingDialer]:
        self.sessions += 1
        yield self

    def originate(self, orders: Sequence[DialOrder], *, before: float) -> list[Answer]:
        self.together.append(len(orders))
        super().originate(orders, before=before)
        return [self.answers.get(order.number, Accepted()) for order in orders]


def place(dialer: Any) -> int:
    return place_ready(lambda: NOW + timedelta(seconds=1), dialer=dialer)


def test_all_that_are_ready_go_out_on_one_session_a_few_at_a_time() -> None:
    calls = ready(placing.COMMITTED_AT_ONCE + 2, swift())
    pbx = Pbx()
    assert place(pbx) == len(calls)
    assert (pbx.sessions, pbx.together) == (1, [placing.COMMITTED_AT_ONCE, 2])
    assert [order.call_id for order in pbx.sent] == [call.id for call in calls]
    assert set(states(calls)) == {State.DIALING}


def test_what_is_more_than_one_session_takes_goes_by_the_next() -> None:
    ready(PLACED_AT_ONCE + 1, swift())
    assert place(pbx := Pbx()) == PLACED_AT_ONCE + 1
    assert (pbx.sessions, len(pbx.sent)) == (2, PLACED_AT_ONCE + 1)


def test_what_is_more_than_one_job_takes_is_the_next_one(
    jobs: list[tuple[str, str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialing, "SESSIONS_AT_MOST", 1)
    ready(PLACED_AT_ONCE + 1, swift())
    assert place(Pbx()) == PLACED_AT_ONCE
    assert jobs == [("calls.place_ready_by", None)]


def test_a_sweep_that_somebody_else_is_at_comes_again_and_does_nothing_now(
    jobs: list[tuple[str, str | None]],
) -> None:
    calls = ready(1, swift())
    with alone("calls.place_ready"):
        assert place(Pbx()) == 0
        with alone("calls.prepare_due"):
            assert prepare() == 0
    assert states(calls) == [State.PREPARING]
    assert {name for name, *_ in jobs} == {"calls.place_ready", "calls.prepare_due"}
    assert place(Pbx()) == 1


def test_each_trunk_has_a_job_of_its_own(jobs: list[tuple[str, str | None]]) -> None:
    organization = swift()
    trunks = [Trunk.objects.create(name=name) for name in ("east", "west")]
    for n, trunk in enumerate(trunks):
        ready(1, organization, first=n, trunk=trunk)
    assert place(pbx := Pbx()) == 1
    ((_, other),) = jobs
    assert {other, Call.objects.get(id=pbx.sent[0].call_id).trunk_id} == {"east", "west"}
    assert place_ready_by(other, lambda: NOW, dialer=pbx) == 1


def test_of_a_pbx_that_does_not_answer_no_more_is_asked(jobs: list[tuple[str, str | None]]) -> None:
    few = placing.COMMITTED_AT_ONCE
    calls = ready(few + 2, swift())
    place(Pbx({number(1): Unknown("The PBX did not answer in time.")}))
    assert states(calls) == [State.DIALING] * few + [State.PREPARING] * 2
    assert jobs == [("calls.place_ready_by", None)]


def test_one_refusal_is_no_fault_of_the_others() -> None:
    calls = ready(3, swift())
    place(Pbx({number(1): Refused("Extension does not exist.")}))
    assert states(calls) == [State.DIALING, State.ENDED, State.DIALING]


def test_a_pbx_that_is_away_sends_all_of_them_back_unused() -> None:
    calls = ready(3, swift())
    place(AbsentPbx())
    assert states(calls) == [State.QUEUED] * 3
    assert {call.waits_for for call in Call.objects.all()} == {"pbx"}


@pytest.mark.parametrize("cap", range(4))
def test_a_cap_that_was_lowered_holds_for_those_who_are_dialled_together(cap: int) -> None:
    organization = swift(max_concurrent_calls=9)
    ready(4, organization)
    Organization.objects.filter(pk=organization.pk).update(max_concurrent_calls=cap)
    place(pbx := Pbx())
    assert len(pbx.sent) == cap
    assert Call.objects.filter(state=State.QUEUED, waits_for="line").count() == 4 - cap


def test_tokens_are_taken_by_each_of_them() -> None:
    calls = ready(4, swift(calls_per_second=2))
    place(pbx := Pbx())
    assert len(pbx.sent) == 2
    assert states(calls) == [State.DIALING] * 2 + [State.PREPARING] * 2


def test_a_no_to_one_of_them_stops_that_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also between the commit of all and the Originates."""
    organization = swift()
    calls = ready(3, organization)
    commit = placing._commit_dialing

    def commit_and_refuse(*arguments: Any) -> Any:
        committed = commit(*arguments)
        add_do_not_call(organization.id, number(1), source="owner", reason="", at=NOW)
        return committed

    monkeypatch.setattr(placing, "_commit_dialing", commit_and_refuse)
    place(pbx := Pbx())
    assert [order.number for order in pbx.sent] == [number(0), number(2)]
    assert Call.objects.get(id=calls[1].id).outcome == Outcome.CANCELLED


def test_a_setting_that_makes_no_order_for_one_lets_the_others_go() -> None:
    calls = ready(3, swift())
    Call.objects.filter(id=calls[1].id).update(gateway_address="nowhere")
    place(pbx := Pbx())
    assert states(calls) == [State.DIALING, State.ENDED, State.DIALING]
    assert len(pbx.sent) == 2
