from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.openai.chat.language import goals
from sandbox.openai.chat.language.phones import find_phones
from tests.sandbox.openai.chat.wire import DEMO

NOW = datetime.fromisoformat("2026-11-22T16:30")


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        (DEMO, "Ask whether they want to keep their appointment on Friday at ten"),
        ("Call +12025550100 and ask whether the delivery arrived.", "Ask whether the delivery arrived"),
        ("Could you please call Anna at +12025550100 and ask if she is coming?", "Ask if she is coming"),
        (
            "Ask Anna +12025550100, Bob +12025550101 and Carla +12025550102 whether they can come.",
            "Ask whether they can come",
        ),
        (
            "Please call my dentist Dr. Miller at +12025550100 and book an appointment next week, mornings only. "
            "I'm Anna Smith.",
            "Book an appointment next week, mornings only",
        ),
        ("Anna, +12025550100\nPlease remind her of the meeting. Only two attempts.", "Remind her of the meeting"),
        ("Order a pizza from +12025550100 for 7 pm", "Order a pizza for 7 pm"),
        ("Call +12025550100 on behalf of Acme and ask whether it rains", "Ask whether it rains"),
        ("I need a table for two tomorrow at 7 pm, number +12025550100", "Ask for a table for two tomorrow at 7 pm"),
        (
            "Remind these 300 customers of the recall and note who wants a replacement",
            "Remind these 300 customers of the recall and note who wants a replacement",
        ),
        ("Tell them I am late. Ask for a chair.", "Tell them I am late. Ask for a chair"),
        ("Call +12025550100", ""),
        ("Call these three numbers: +12025550100, +12025550101, +12025550102", ""),
    ],
)
def test_the_goal_is_what_is_left_without_numbers_and_manner(text: str, goal: str) -> None:
    assert goals.goal_of(text, find_phones(text)) == goal


@pytest.mark.parametrize("text", ["hello", "What can you do?", "nice weather", ""])
def test_talk_is_no_task(text: str) -> None:
    assert not goals.is_task(text)


@pytest.mark.parametrize(
    ("text", "behalf"),
    [
        ("Call on behalf of Dr. Miller's practice and ask for rain.", "Dr. Miller's practice"),
        ("I'm Anna Smith. Call them.", "Anna Smith"),
        ("My name is Bob, ask them", "Bob"),
        ("We are Miller & Sons.", "Miller & Sons"),
        ("Calls on behalf of the city library", "the city library"),
        ("I am looking for a dentist", None),
        ("I am late", None),
        ("ask them", None),
    ],
)
def test_on_whose_behalf_is_taken_from_the_text(text: str, behalf: str | None) -> None:
    assert goals.behalf_of(text) == behalf


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("only two attempts", 2),
        ("Make it 5 tries at most", 5),
        ("try twice", 2),
        ("try them only once", 1),
        ("at most 4 calls", 4),
        ("two times at most", 2),
        ("max attempts 3", 3),
        ("attempts: 6", 6),
        ("no retries", 1),
        ("don't try again", 1),
        ("99 attempts", goals.MAX_ATTEMPTS),
        ("a table for two at 7", None),
    ],
)
def test_attempts_are_counted(text: str, count: int | None) -> None:
    assert goals.max_attempts_of(text) == count


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("start tomorrow at 9", "2026-11-23T09:00"),
        ("Begin on Monday.", "2026-11-23T10:00"),
        ("Call them tomorrow at 9 and ask if it rains", "2026-11-23T09:00"),
        ("Ask whether they keep the appointment on Friday at ten", None),
        ("Call my dentist and book an appointment tomorrow", None),
        ("Call them to remind them of the meeting tomorrow at 9", None),
    ],
)
def test_a_start_is_not_mistaken_for_a_time_of_the_goal(text: str, at: str | None) -> None:
    start = goals.start_of(text, NOW)

    assert (start and start.iso()) == at


@pytest.mark.parametrize("text", ["Start now.", "call them right away", "begin immediately"])
def test_an_immediate_start_is_heard(text: str) -> None:
    assert goals.starts_now(text)


@pytest.mark.parametrize(
    ("goal", "booking"),
    [
        ("Book an appointment", True),
        ("Reserve a table for two", True),
        ("Ask for a table for two", True),
        ("Ask whether they want to keep their appointment", False),
        ("Cancel my appointment", False),
    ],
)
def test_a_booking_is_told_from_other_goals(goal: str, booking: bool) -> None:
    assert goals.is_booking(goal) is booking


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    goals.goal_of(text, find_phones(text))
    goals.behalf_of(text)
    goals.max_attempts_of(text)
    goals.start_of(text, NOW)
