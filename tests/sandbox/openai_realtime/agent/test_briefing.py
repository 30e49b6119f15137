"""What the agent reads out of its instructions."""

from __future__ import annotations

from datetime import datetime

import pytest

from sandbox.openai.realtime.agent.briefing import DEFAULT_OPENING, DEFAULT_PURPOSE, read, word_for_word


@pytest.mark.parametrize(
    ("goal", "purpose"),
    [
        (
            "Ask whether they want to keep their appointment on Friday at ten",
            "I am calling to ask whether you want to keep your appointment on Friday at ten.",
        ),
        ("Ask whether the customer wants a replacement.", "I am calling to ask whether you want a replacement."),
        ("Remind him of the recall.", "I am calling to remind you of the recall."),
        ("Ask if she is at home on Monday", "I am calling to ask if you are at home on Monday."),
        (
            "Find out whether the patient's daughter can come",
            "I am calling to find out whether your daughter can come.",
        ),
        ("Book me a dentist appointment next week", "I am calling to book a dentist appointment next week."),
        ("Do they still need the parcel?", "Do you still need the parcel?"),
        ("The recall of the kettle", "I am calling about the following. The recall of the kettle."),
        ("Ask whether they will come. Note the time.", "I am calling to ask whether you will come."),
    ],
)
def test_the_goal_is_said_to_the_callee(goal: str, purpose: str) -> None:
    assert read(f"Goal: {goal}").purpose == purpose


@pytest.mark.parametrize(
    ("goal", "yes", "no"),
    [
        ("Ask whether they want to come", "you want to come.", "you do not want to come."),
        ("Ask whether she is at home", "you are at home.", "you are not at home."),
        ("Ask whether they can come", "you can come.", "you can not come."),
        ("Ask if they have a car, and of which make", "you have a car.", "you do not have a car."),
        ("Remind them of the recall", "a yes.", "a no."),
    ],
)
def test_a_yes_and_a_no_are_confirmed_in_words(goal: str, yes: str, no: str) -> None:
    briefing = read(f"Goal: {goal}")
    assert briefing.confirmation(positive=True).endswith(yes)
    assert briefing.confirmation(positive=False).endswith(no)


def test_an_opening_that_asks_needs_no_purpose() -> None:
    assert read(
        "Opening sentence: Hello, do you want to keep your appointment?\nGoal: Ask whether they want it"
    ).introduction == ("Hello, do you want to keep your appointment?")


def test_instructions_without_labels_still_give_a_goal() -> None:
    briefing = read("You are a kind assistant. Please remind them of the meeting at noon. Never be rude.")
    assert briefing.opening == DEFAULT_OPENING
    assert briefing.purpose == "I am calling to remind you of the meeting at noon."


def test_empty_instructions_give_something_to_say() -> None:
    assert read("").introduction == f"{DEFAULT_OPENING} {DEFAULT_PURPOSE}"


def test_now_is_the_local_time_without_zone() -> None:
    assert read("Now: 2026-11-22T16:30 (America/New_York)").now == datetime(2026, 11, 22, 16, 30)  # noqa: DTZ001


@pytest.mark.parametrize("line", ["Now: tomorrow", "Now: 2026-13-40T99:00"])
def test_a_now_that_is_no_time_is_none(line: str) -> None:
    assert read(line).now is None


def test_other_labelled_lines_are_facts() -> None:
    assert read("Goal: Ask whether they come\n- Price: 20 dollars\nPlace: Room 4").facts == (
        "Price: 20 dollars",
        "Place: Room 4",
    )


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ("Say: One moment, please.", "One moment, please."),
        ('Say exactly: "One moment, please."', "One moment, please."),
        ("Tell the callee “I am back.” and go on.", "I am back."),
        ("Apologise briefly.", None),
    ],
)
def test_an_order_may_give_the_words(order: str, sentence: str | None) -> None:
    assert word_for_word(order) == sentence
