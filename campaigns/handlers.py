"""Facts that other apps publish by outbox. Delivered at least once, so every one of these may come again."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.contracts import CallJudged
from calls.contracts import CallEnded
from calls.questions.contracts import QuestionChanged
from campaigns.services import advance, owner
from opendeep.core.clock import now


def on_calls_ended(payloads: Sequence[Mapping[str, Any]]) -> None:
    advance.note_calls_ended([CallEnded.from_payload(payload) for payload in payloads], now())


def on_call_judged(payload: Mapping[str, Any]) -> None:
    fact = CallJudged.from_payload(payload)
    advance.note_call_judged(fact.call_id, fact.origin, now())


def on_question_changed(payload: Mapping[str, Any]) -> None:
    owner.note_question_changed(QuestionChanged.from_payload(payload).origin, now())
