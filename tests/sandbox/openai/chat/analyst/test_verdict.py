"""The analyst's rules: what was said decides, and every claim cites the callee."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import validate

from sandbox.openai.chat.analyst.verdict import judge
from tests.sandbox.openai.chat.wire import VERDICT, Json

OPENING = (
    "Hello, this is an AI assistant calling on behalf of Dr. Miller. Do you want to keep your appointment on Friday?"
)
KEEPS: Json = {"name": "keeps_appointment", "label": "Keeps appointment", "type": "yes_no", "options": []}


def field(name: str, kind: str, label: str = "", options: tuple[str, ...] = ()) -> Json:
    return {"name": name, "label": label, "type": kind, "options": list(options)}


def call(*turns: str, **changes: Any) -> Json:
    """Data of a call: turns are "A: ..." for the agent and "C: ..." for the callee, numbered from 1."""
    transcript = [
        {"turn": number, "speaker": {"A": "agent", "C": "callee"}[turn[0]], "text": turn[3:], "at_ms": number * 1000}
        for number, turn in enumerate(turns, start=1)
    ]
    base = {
        "objective": "Ask whether they want to keep their appointment on Friday at ten",
        "result_fields": [KEEPS],
        "outcome": "completed",
        "events": [],
        "now_local": "2026-11-22T16:35",
        "time_zone": "America/New_York",
        "transcript": transcript,
    }
    return base | changes


def asked(*answers: str, **changes: Any) -> Json:
    """Data of a call in which the callee says hello (turn 1), is asked (turn 2) and answers (turn 3)."""
    return call("C: Hello?", f"A: {OPENING}", *answers, **changes)


def values(verdict: Json) -> Json:
    return {result["field"]: result["value"] for result in verdict["results"]}


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("Yes, that works for me.", "yes"),
        ("Keep it, please.", "yes"),
        ("I don't want to cancel.", "yes"),
        ("No, I can't make it.", "no"),
        ("I have to cancel it.", "no"),
        ("I'm not interested.", "no"),
    ],
)
def test_an_answer_completes_the_task_with_its_turn_as_evidence(answer: str, value: str) -> None:
    verdict = judge(asked(f"C: {answer}", "A: Thank you, goodbye.", "C: Thank you, goodbye."))

    assert verdict["task_completed"]
    assert not verdict["next_call_needed"]
    assert verdict["results"] == [{"field": "keeps_appointment", "value": value, "evidence_turns": [3]}]
    assert verdict["evidence_turns"] == [3]
    assert f"Keeps appointment: {value}." in verdict["summary"]


VOICEMAIL = "C: Hello, I cannot take your call right now. Please leave a message after the tone."
MENU = "C: For new appointments, press one. If you want to speak to a person, press two."


@pytest.mark.parametrize(
    ("machine", "outcome", "reason"),
    [
        (VOICEMAIL, "voicemail", "Only a voicemail answered."),
        (VOICEMAIL, "completed", "Only a machine answered."),
        (MENU, "completed", "Only a machine answered."),
    ],
)
def test_what_a_machine_says_answers_nothing_and_another_call_is_needed(
    machine: str, outcome: str, reason: str
) -> None:
    verdict = judge(call(f"A: {OPENING}", machine, "A: Please call us back. Goodbye.", outcome=outcome))

    assert not verdict["task_completed"]
    assert verdict["next_call_needed"]
    assert verdict["results"] == []
    assert (verdict["reason"], verdict["evidence_turns"]) == (reason, [2])


def test_the_person_behind_a_menu_answers() -> None:
    behind = ("C: Please hold, you are being connected.", "C: Hello?", f"A: {OPENING}", "C: Yes, that works for me.")
    verdict = judge(call(f"A: {OPENING}", MENU, *behind))

    assert verdict["results"] == [{"field": "keeps_appointment", "value": "yes", "evidence_turns": [6]}]


def test_a_question_of_the_callee_that_stayed_open_needs_another_call() -> None:
    verdict = judge(asked("C: Before I decide, may I bring my dog?", "A: We will call you back. Goodbye."))

    assert not verdict["task_completed"]
    assert verdict["next_call_needed"]
    assert verdict["results"] == []


def test_a_wrong_number_is_final_and_cites_who_said_so() -> None:
    verdict = judge(asked("C: You have the wrong number. There is no such person here."))

    assert (verdict["task_completed"], verdict["next_call_needed"]) == (False, False)
    assert verdict["evidence_turns"] == [3]


def test_a_hello_into_the_question_does_not_answer_it_and_leaves_it_open() -> None:
    verdict = judge(call(f"A: {OPENING}", "C: Hello?", "C: Yes, that works for me.", "A: Thank you, goodbye."))

    assert verdict["results"] == [{"field": "keeps_appointment", "value": "yes", "evidence_turns": [3]}]


def test_only_the_goal_tells_what_was_asked_and_not_the_manners_after_it() -> None:
    goal = "Ask whether it rains\nIf this is a bad moment, ask when to call again."
    wanted = [field("answer", "yes_no")]

    verdict = judge(call("A: Do you have a moment?", "C: Yes.", objective=goal, result_fields=wanted))

    assert verdict["results"] == []


def test_the_last_word_counts() -> None:
    verdict = judge(asked("C: Yes.", "A: So you keep your appointment?", "C: No, I have to cancel it."))

    assert values(verdict) == {"keeps_appointment": "no"}
    assert verdict["evidence_turns"] == [5]


def test_a_yes_to_another_question_is_no_answer() -> None:
    verdict = judge(call("A: Am I speaking with Anna?", "C: Yes.", outcome="dropped"))

    assert verdict["results"] == []
    assert not verdict["task_completed"]


@pytest.mark.parametrize(
    ("answer", "at"),
    [
        ("Sorry, this is a bad moment. Please call me tomorrow at ten.", "2026-11-23T10:00"),
        ("Can you ring back next Monday at 3 pm?", "2026-11-23T15:00"),
        ("I'm busy, try again in two hours.", "2026-11-22T18:35"),
        ("I am driving, call later.", None),
        ("Not now.", None),
    ],
)
def test_a_callee_without_time_is_called_again(answer: str, at: str | None) -> None:
    verdict = judge(asked(f"C: {answer}", "A: I will call again.", "C: Goodbye."))

    assert (verdict["task_completed"], verdict["next_call_needed"]) == (False, True)
    assert verdict["next_call_at"] == at
    assert verdict["evidence_turns"] == [3]


def test_a_time_that_the_agent_asked_for_is_heard() -> None:
    verdict = judge(asked("C: I'm busy.", "A: When may I call again?", "C: Tuesday at nine."))

    assert verdict["next_call_at"] == "2026-11-24T09:00"
    assert verdict["evidence_turns"] == [5]


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "reschedule_call", "at_ms": 9, "detail": {"when": "2026-11-24T11:00", "reason": "busy"}},
        {"kind": "tool_called", "detail": {"name": "reschedule_call", "arguments": {"when": "2026-11-24T11:00:00"}}},
        {"kind": "reschedule_requested", "detail": {"when": "2026-11-24T11:00-05:00"}},
        {"kind": "reschedule_requested", "detail": {"when": "2026-11-24T16:00:00+00:00"}},
    ],
)
def test_a_time_that_the_agent_noted_wins_over_the_words(event: Json) -> None:
    verdict = judge(asked("C: Call me tomorrow at ten.", events=[event]))

    assert verdict["next_call_at"] == "2026-11-24T11:00"


@pytest.mark.parametrize("when", ["soon", "2020-01-01T10:00", None, 5])
def test_a_noted_time_that_makes_no_sense_gives_way_to_the_words(when: Any) -> None:
    events = [{"kind": "reschedule_call", "detail": {"when": when}}]

    assert judge(asked("C: Call me tomorrow at ten.", events=events))["next_call_at"] == "2026-11-23T10:00"


@pytest.mark.parametrize(
    "answer",
    [
        "Never call me again. Take me off your list.",
        "Please stop calling me.",
        "Don't call this number any more!",
        "Remove my number from your database.",
    ],
)
def test_a_wish_for_peace_is_final(answer: str) -> None:
    verdict = judge(asked(f"C: {answer}"))

    assert verdict["do_not_call_requested"]
    assert not verdict["next_call_needed"]
    assert verdict["evidence_turns"] == [3]


def test_a_wish_for_peace_that_only_the_agent_noted_counts_too() -> None:
    verdict = judge(asked("C: Enough.", events=[{"kind": "mark_do_not_call", "detail": {"reason": "asked"}}]))

    assert verdict["do_not_call_requested"]


@pytest.mark.parametrize("answer", ["Don't call me before nine.", "Don't call me at work, call me tomorrow at ten."])
def test_a_wish_about_the_time_is_no_wish_for_peace(answer: str) -> None:
    assert not judge(asked(f"C: {answer}"))["do_not_call_requested"]


def test_an_answer_before_a_wish_for_peace_is_kept() -> None:
    verdict = judge(asked("C: Yes.", "A: Thank you.", "C: And never call me again."))

    assert verdict["do_not_call_requested"]
    assert values(verdict) == {"keeps_appointment": "yes"}


def test_a_wrong_number_is_not_called_again() -> None:
    verdict = judge(asked("C: You have the wrong number."))

    assert (verdict["task_completed"], verdict["next_call_needed"]) == (False, False)
    assert verdict["evidence_turns"] == [3]


def test_a_call_that_breaks_before_the_answer_needs_another() -> None:
    verdict = judge(asked("C: Well, let me think about", outcome="dropped"))

    assert (verdict["task_completed"], verdict["next_call_needed"], verdict["results"]) == (False, True, [])
    assert "Keeps appointment" in verdict["next_instructions"]


@pytest.mark.parametrize(
    ("outcome", "again"),
    [
        ("no_answer", True),
        ("busy", True),
        ("unreachable", True),
        ("dropped", True),
        ("rejected", False),
        ("blocked", False),
    ],
)
def test_a_call_that_reached_nobody_is_judged_by_its_outcome(outcome: str, again: bool) -> None:
    verdict = judge(call(outcome=outcome))

    assert (verdict["task_completed"], verdict["next_call_needed"]) == (False, again)
    assert verdict["evidence_turns"] == []


def test_several_questions_are_all_needed() -> None:
    fields = [field("wants_replacement", "yes_no"), field("number_of_units", "number", "How many units")]
    first = ["C: Hello?", "A: Do you want a replacement?", "C: Yes, please."]

    half = judge(call(*first, result_fields=fields, objective="recall"))
    whole = judge(call(*first, "A: How many units?", "C: Three.", result_fields=fields, objective="recall"))

    assert (half["task_completed"], values(half)) == (False, {"wants_replacement": "yes"})
    assert (whole["task_completed"], values(whole)) == (True, {"wants_replacement": "yes", "number_of_units": "3"})
    assert whole["evidence_turns"] == [3, 5]


@pytest.mark.parametrize(
    ("wanted", "question", "answer", "value"),
    [
        (
            field("preference", "choice", "Preference", ("morning", "afternoon")),
            "Which preference?",
            "The afternoon.",
            "afternoon",
        ),
        (
            field("preference", "choice", "Preference", ("tea", "coffee")),
            "Which preference?",
            "Tea, not coffee.",
            "tea",
        ),
        (field("number_of_people", "number"), "How many people?", "We are 12.", "12"),
        (field("amount", "number"), "What amount?", "About 9,50", "9.50"),
        (field("delivery_day", "date"), "Which delivery day?", "Next Monday.", "2026-11-23"),
        (field("appointment_at", "datetime"), "When is the appointment?", "Tuesday at 3.", "2026-11-24T15:00"),
        (field("appointment_at", "datetime"), "Is the appointment on Tuesday at 3?", "Yes.", "2026-11-24T15:00"),
        (field("answer", "text"), "What is your answer?", "The blue one is nicer.", "The blue one is nicer."),
        (field("cancels_order", "yes_no"), "Do you cancel the order?", "Yes, I cancel.", "yes"),
    ],
)
def test_each_type_of_field_is_read(wanted: Json, question: str, answer: str, value: str) -> None:
    verdict = judge(call("C: Hello?", f"A: {question}", f"C: {answer}", result_fields=[wanted], objective=question))

    assert values(verdict) == {wanted["name"]: value}


def test_without_fields_a_reaction_completes_the_task() -> None:
    verdict = judge(call("C: Hello?", "A: The meeting is tomorrow.", "C: I'll be there.", result_fields=[]))

    assert verdict["task_completed"]
    assert verdict["evidence_turns"] == [3]


def test_a_greeting_alone_is_no_reaction() -> None:
    assert not judge(call("C: Hello?", result_fields=[]))["task_completed"]


def test_an_unwilling_callee_is_left_in_peace() -> None:
    verdict = judge(asked("C: I don't want to talk about it.", result_fields=[field("amount", "number")]))

    assert not verdict["next_call_needed"]


speeches = st.one_of(
    st.sampled_from(["Hello?", "Yes.", "No.", "Never call me again.", "Call me tomorrow at ten.", "Goodbye."]),
    st.text(),
)


@given(
    st.lists(st.tuples(st.sampled_from("AC"), speeches), max_size=6), st.sampled_from(["completed", "dropped", "busy"])
)
def test_every_call_gets_a_valid_verdict_that_cites_only_the_callee(turns: list[tuple[str, str]], outcome: str) -> None:
    data = call(*(f"{who}: {text}" for who, text in turns), outcome=outcome)

    verdict = judge(data)

    validate(verdict, VERDICT)
    callee = {turn["turn"] for turn in data["transcript"] if turn["speaker"] == "callee"}
    cited = {number for result in verdict["results"] for number in result["evidence_turns"]}
    assert cited | set(verdict["evidence_turns"]) <= callee


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"transcript": None, "events": 5, "result_fields": "x"},
        {"transcript": [{"speaker": "callee", "text": None}], "now_local": "x", "time_zone": "../x"},
        {"transcript": [{"speaker": "callee", "text": "Yes."}], "result_fields": [{"label": "no name"}]},
    ],
)
def test_data_with_holes_still_gets_a_verdict(data: Json) -> None:
    validate(judge(data), VERDICT)
