from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from analysis.facts import measure
from analysis.roles.analyst import VerdictAnswer, case_data, judgement
from analysis.rules import Judgement
from calls.contracts import CallView, EventView, TurnView
from tests.factories import make_brief

NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)  # half past four in the afternoon in New York
TOMORROW_AT_TEN = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
BRIEF = make_brief(
    result_fields=({"name": "keeps", "label": "Keeps", "type": "yes_no"}, {"name": "day", "label": "Day"})
)
CALL = CallView(
    id=uuid4(),
    organization_id=uuid4(),
    origin="campaigns.task:1",
    attempt=1,
    number="+12025550100",
    contact_name="Ada",
    time_zone="America/New_York",
    state="ended",
    outcome="completed",
    end_reason="",
    not_before=NOW,
    created_at=NOW,
    answered_at=NOW,
    ended_at=NOW + timedelta(minutes=1),
    hangup_cause=16,
    hangup_cause_text="",
    sip_cause="",
    talk_ms=60_000,
    cost_microcents=0,
    figures={},
    brief=BRIEF,
)
TALK = (
    TurnView(1, "agent", "Do you keep it, and", "Do you keep it", 0, 2000, interrupted=True),
    TurnView(2, "callee", "Yes.", "Yes.", 2000, 3000, interrupted=False),
    TurnView(3, "system", "noise", "noise", 3000, None, interrupted=False),
)


def answer(**fields: Any) -> VerdictAnswer:
    values = {
        "task_completed": False,
        "reason": "Because.",
        "next_call_needed": False,
        "next_call_at": None,
        "next_instructions": None,
        "summary": "They talked.",
        "do_not_call_requested": False,
        "results": [],
        "evidence_turns": [],
    }
    return VerdictAnswer.model_validate(values | fields)


def judged(callback_at: datetime | None = None, do_not_call_noted: bool = False, **fields: Any) -> Judgement:
    return judgement(
        answer(**fields), CALL, measure(TALK), at=NOW, callback_at=callback_at, do_not_call_noted=do_not_call_noted
    )


def test_the_case_holds_what_was_heard_on_the_callees_clock() -> None:
    event = EventView(NOW + timedelta(seconds=7), "do_not_call", "agent", "", "", {"reason": "no"})
    case = case_data(CALL, TALK, [event], NOW)
    assert case["now_local"] == "2026-11-22T16:30"
    assert (case["callee_kind"], case["message_left"]) == ("unknown", False)
    assert [(turn["turn"], turn["text"]) for turn in case["transcript"]] == [(1, "Do you keep it"), (2, "Yes.")]
    assert case["events"] == [{"kind": "do_not_call", "at_ms": 7000, "detail": {"reason": "no"}}]


def test_a_result_is_verified_by_a_turn_of_the_callee_and_by_nothing_else() -> None:
    results = [
        {"field": "keeps", "value": "yes", "evidence_turns": [1, 2, 9]},
        {"field": "day", "value": "Friday", "evidence_turns": [1]},
        {"field": "shoe_size", "value": "44", "evidence_turns": [2]},
        {"field": "keeps", "value": "no", "evidence_turns": [2]},
    ]
    assert [dict(result) for result in judged(results=results).results] == [
        {"field": "keeps", "value": "yes", "evidence_turns": [2], "verified": True},
        {"field": "day", "value": "Friday", "evidence_turns": [], "verified": False},
    ]


def test_a_success_without_evidence_stays_and_is_marked() -> None:
    assert judged(task_completed=True, evidence_turns=[1]).reason == "Unverified: Because."
    proven = judged(task_completed=True, evidence_turns=[2, 99])
    assert (proven.reason, proven.evidence_turns) == ("Because.", (2,))


def test_the_next_call_is_a_time_on_the_callees_clock() -> None:
    verdict = judged(next_call_needed=True, next_call_at="2026-11-23T10:00", next_instructions=" Be brief. ")
    assert (verdict.next_call_at, verdict.next_instructions) == (TOMORROW_AT_TEN, "Be brief.")


@pytest.mark.parametrize(
    "unusable", [None, "", "tomorrow at ten", "2026-11-22T10:00", "9999-12-31T23:30", "2036-01-01T10:00"]
)
def test_without_a_usable_time_the_agents_agreement_counts(unusable: str | None) -> None:
    assert judged(next_call_needed=True, next_call_at=unusable).next_call_at is None
    agreed = judged(TOMORROW_AT_TEN, next_call_needed=True, next_call_at=unusable)
    assert agreed.next_call_at == TOMORROW_AT_TEN


def test_a_promised_callback_is_kept_when_the_analyst_forgot_it() -> None:
    assert judged(TOMORROW_AT_TEN).next_call_needed
    assert not judged(TOMORROW_AT_TEN, task_completed=True, evidence_turns=[2]).next_call_needed


def test_nobody_who_said_no_is_promised_another_call() -> None:
    for verdict in (
        judged(do_not_call_requested=True, next_call_needed=True, next_call_at="2026-11-23T10:00"),
        judged(TOMORROW_AT_TEN, do_not_call_noted=True),
    ):
        assert verdict.do_not_call_requested
        assert (verdict.next_call_needed, verdict.next_call_at) == (False, None)


def test_events_of_a_call_that_nobody_answered_have_no_place_in_the_talk() -> None:
    event = EventView(NOW, "requested", "engine", "", "queued", {})
    assert case_data(replace(CALL, answered_at=None), (), [event], NOW)["events"][0]["at_ms"] is None
