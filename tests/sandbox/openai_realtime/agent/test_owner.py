"""What the agent does with questions that only its owner can answer."""

from __future__ import annotations

import pytest

from sandbox.openai.realtime.agent.brain import decide
from sandbox.openai.realtime.agent.owner import HOLD_PHRASE
from sandbox.openai.realtime.agent.turns import Decision, Turn
from tests.sandbox.openai_realtime.agent.scenes import (
    END,
    INTRODUCED,
    PURPOSE,
    called,
    callee,
    name_of,
    output,
    said_to,
    scene,
)

ASKING = (*INTRODUCED, callee("Before I decide, may I bring my dog?"), called("request_user_info"))


def after(result: str) -> Decision:
    return decide(scene(*ASKING, Turn("agent", HOLD_PHRASE), output("request_user_info", result)))


def test_a_question_is_answered_from_the_facts() -> None:
    assert said_to("What is the address?").speech == f"Address of the practice: 12 High Street. {PURPOSE}"


def test_an_unknown_question_goes_to_the_owner_with_a_hold_phrase_and_a_limit() -> None:
    decision = said_to("Before I decide, may I bring my dog?")
    assert decision.call is not None
    assert decision.call.name == "request_user_info"
    assert decision.call.arguments == {
        "question": "Before I decide, may I bring my dog?",
        "say_meanwhile": HOLD_PHRASE,
        "timeout_seconds": 30,
    }


def test_without_an_owner_the_question_is_passed_on() -> None:
    decision = said_to("How much does the crown cost?", tools={"end_call": END})
    assert decision.speech.startswith("I do not know that, but I will pass your question on.")
    assert decision.call is None


def test_a_hold_phrase_that_is_ordered_is_said() -> None:
    assert decide(scene(*ASKING, order=f'Say exactly: "{HOLD_PHRASE}"')) == Decision(HOLD_PHRASE)


@pytest.mark.parametrize("words", ["Okay.", "", "Are you asking somebody?"])
def test_while_the_owner_is_asked_the_callee_is_asked_for_patience_once(words: str) -> None:
    assert decide(scene(*ASKING, callee(words))) == Decision(HOLD_PHRASE)
    assert decide(scene(*ASKING, Turn("agent", HOLD_PHRASE), callee(words))) == Decision()


def test_silence_while_the_owner_is_asked_is_no_silence_of_the_callee() -> None:
    assert decide(scene(*ASKING, Turn("agent", HOLD_PHRASE), Turn("callee", "", silent=True))) == Decision()


def test_who_wants_no_more_calls_need_not_wait_for_the_owner() -> None:
    assert name_of(decide(scene(*ASKING, callee("Stop calling me.")))) == "mark_do_not_call"


def test_the_owners_answer_is_passed_on() -> None:
    assert after('{"answer": "Yes, dogs are welcome."}').speech == (
        f"Thank you for waiting. Yes, dogs are welcome. {PURPOSE}"
    )


@pytest.mark.parametrize(
    "result",
    ['{"status": "timeout"}', '{"ok": false, "error": "nobody"}', '{"answer": null}', '{"answer": " "}', "no JSON"],
)
def test_without_the_owners_answer_a_call_back_is_promised(result: str) -> None:
    decision = after(result)
    assert decision.speech == "I am sorry, I could not find that out. We will call you back. Goodbye."
    assert decision.call is not None
    assert decision.call.name == "end_call"


def test_another_question_is_asked_as_well() -> None:
    decision = decide(scene(*ASKING, output("request_user_info", '{"answer": "Yes."}'), callee("And my cat?")))
    assert decision.call is not None
    assert decision.call.arguments["question"] == "And my cat?"


def test_what_was_learned_after_an_earlier_call_answers_the_question_at_once() -> None:
    note = "Learned in earlier calls: Question: May I bring my dog? Answer: Yes, dogs are welcome."
    decision = said_to("Before I decide, may I bring my dog?", extra=note)
    assert decision == Decision(f"Yes, dogs are welcome. {PURPOSE}")


def test_one_word_in_common_with_a_note_is_chance() -> None:
    assert name_of(said_to("May I bring my dog?", extra="Notes: The dog bites.")) == "request_user_info"
