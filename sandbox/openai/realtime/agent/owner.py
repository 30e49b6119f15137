"""What the agent does with a question that only its owner can answer."""

from __future__ import annotations

import re

from sandbox.openai.realtime.agent.briefing import Briefing
from sandbox.openai.realtime.agent.meaning import content_words
from sandbox.openai.realtime.agent.talk import Talk, as_object
from sandbox.openai.realtime.agent.turns import Decision

HOLD_PHRASE = "One moment please, I am asking."
TIMEOUT_SECONDS = 30

_ASK = "request_user_info"
_ANSWER = re.compile(r"\banswer(?:ed)?:\s*(.+)", re.I)
_MIN_SHARED_WORDS = 2
"""With a note of an earlier call: one word in common is chance."""


def question(talk: Talk, text: str) -> Decision:
    """From the facts, else from the owner, else a promise to pass it on."""
    if fact := _known(talk.briefing, text):
        return Decision(f"{fact} {talk.briefing.purpose}")
    call = talk.scene.tools.call(_ASK, question=text, say_meanwhile=HOLD_PHRASE, timeout_seconds=TIMEOUT_SECONDS)
    if call is not None:
        return Decision(call=call)
    return Decision(f"I do not know that, but I will pass your question on. {talk.briefing.purpose}")


def is_being_asked(talk: Talk) -> bool:
    return talk.is_running(_ASK)


def hold(talk: Talk) -> Decision:
    """Ask for patience once; who is waited for need not be told again with every word."""
    since = talk.since_call_of(_ASK) or ()
    is_told = any(turn.speaker == "agent" for turn in since)
    return Decision() if is_told else Decision(HOLD_PHRASE)


def pass_on(talk: Talk, output: str) -> Decision:
    """The owner's answer; without one, a call back."""
    answer = as_object(output).get("answer")
    if isinstance(answer, str) and answer.strip():
        return Decision(f"Thank you for waiting. {answer.strip().rstrip('.')}. {talk.briefing.purpose}")
    return talk.end(
        "I am sorry, I could not find that out. We will call you back.",
        "A question of the callee could not be answered.",
        "needs_info|callback|failed|completed",
    )


def _known(briefing: Briefing, question: str) -> str | None:
    """The fact that shares the most words with the question: one of its label, or a note that has several."""
    asked = content_words(question)
    scored = [(len(asked & content_words(fact)), fact) for fact in briefing.facts if _is_about(fact, asked)]
    fact = max(scored, default=(0, ""))[1]
    if not fact:
        return None
    if answer := _ANSWER.search(fact):
        return f"{answer[1].rstrip('.')}."
    label, _, value = fact.partition(": ")
    return f"{label}: {value.rstrip('.')}."


def _is_about(fact: str, asked: frozenset[str]) -> bool:
    label, _, note = fact.partition(":")
    return bool(asked & content_words(label)) or len(asked & content_words(note)) >= _MIN_SHARED_WORDS
