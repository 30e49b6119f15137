"""The analyst: was the task done, what was learned, and is another call needed?"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sandbox.openai.chat.analyst.call import Call, read_call
from sandbox.openai.chat.analyst.findings import Finding, findings_of
from sandbox.openai.chat.analyst.wishes import (
    Callback,
    callback_of,
    has_no_interest,
    is_courtesy,
    is_machine,
    is_wrong_number,
    wants_no_calls,
)

FINAL_OUTCOMES = {"rejected", "blocked", "cancelled"}
BROKEN_OUTCOMES = {"dropped", "lost", "failed"}

UNREACHED = {
    "no_answer": "Nobody answered the phone.",
    "busy": "The line was busy.",
    "rejected": "The call was rejected.",
    "unreachable": "The number could not be reached.",
    "voicemail": "Only a voicemail answered.",
    "dropped": "The line broke before anybody had spoken.",
    "blocked": "The call was not allowed.",
    "cancelled": "The call was cancelled.",
}

Verdict = dict[str, Any]


def judge(data: Mapping[str, Any]) -> Verdict:
    """The `verdict` on one call. Every claim cites turns of the callee."""
    everything = read_call(data)
    call = replace(everything, utterances=tuple(each for each in everything.utterances if not is_machine(each)))
    if not call.utterances:
        return _unreached(everything)
    findings = findings_of(call)
    if verdict := _final_wish(call, findings):
        return verdict
    if _is_answered(call, findings):
        return _done(call, findings)
    if callback := callback_of(call):
        return _again(callback, findings)
    return _unanswered(call, findings)


def _unreached(call: Call) -> Verdict:
    otherwise = "Only a machine answered." if call.utterances else "The person said nothing."
    summary = UNREACHED.get(call.outcome, otherwise)
    asked_off = call.has_event("do_not_call")
    return _verdict(
        reason=summary,
        summary=summary,
        next_call_needed=call.outcome not in FINAL_OUTCOMES and not asked_off,
        do_not_call_requested=asked_off,
        turns=[utterance.turn for utterance in call.utterances],
    )


def _final_wish(call: Call, findings: list[Finding]) -> Verdict | None:
    """No more calls at all, or not to this number."""
    refusals = [utterance.turn for utterance in call.utterances if wants_no_calls(utterance)]
    if refusals or call.has_event("do_not_call"):
        return _verdict(
            reason="The person asked not to be called again.",
            summary="The person does not want to be called again." + _told(findings),
            do_not_call_requested=True,
            findings=findings,
            turns=refusals,
        )
    wrong = [utterance.turn for utterance in call.utterances if is_wrong_number(utterance)]
    if wrong:
        return _verdict(
            reason="The number belongs to somebody else.",
            summary="It was the wrong number: the person who was meant cannot be reached there.",
            turns=wrong,
        )
    return None


def _is_answered(call: Call, findings: list[Finding]) -> bool:
    """All fields are known; without fields, the callee has reacted and the call did not break."""
    if call.fields:
        return len(findings) == len(call.fields)
    reacted = any(not is_courtesy(utterance) and utterance.asked for utterance in call.utterances)
    return reacted and call.outcome not in BROKEN_OUTCOMES and callback_of(call) is None


def _done(call: Call, findings: list[Finding]) -> Verdict:
    last = [utterance.turn for utterance in call.utterances if not is_courtesy(utterance)][-1:]
    return _verdict(
        task_completed=True,
        reason="The person answered everything that was asked.",
        summary="The person was reached." + (_told(findings) or " The message was delivered."),
        findings=findings,
        turns=[] if findings else last,
    )


def _again(callback: Callback, findings: list[Finding]) -> Verdict:
    when = f" {_spoken(callback.at)}" if callback.at else ""
    return _verdict(
        reason="The person asked to be called at another time.",
        summary=f"The person had no time and asked to be called again{when}." + _told(findings),
        next_call_needed=True,
        next_call_at=callback.at,
        next_instructions="The person asked for this call at this time. Mention that, then go on with the task.",
        findings=findings,
        turns=[] if callback.turn is None else [callback.turn],
    )


def _unanswered(call: Call, findings: list[Finding]) -> Verdict:
    unwilling = [utterance.turn for utterance in call.utterances if has_no_interest(utterance)]
    if unwilling:
        return _verdict(
            reason="The person did not want to talk about it.",
            summary="The person was reached but did not want to talk about it." + _told(findings),
            findings=findings,
            turns=unwilling,
        )
    missing = [str(f.get("label") or f["name"]) for f in call.fields if f["name"] not in {x.field for x in findings}]
    broken = " The line broke." if call.outcome in BROKEN_OUTCOMES else ""
    return _verdict(
        reason="The call ended before the person had answered." + broken,
        summary="The person was reached, but the call ended without a full answer." + _told(findings),
        next_call_needed=True,
        next_instructions=f"An earlier call ended too soon. Still open: {', '.join(missing)}." if missing else None,
        findings=findings,
        turns=[call.utterances[-1].turn],
    )


def _told(findings: list[Finding]) -> str:
    return "".join(f" {finding.label.rstrip('?.:')}: {_sentence(finding.value)}" for finding in findings)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _spoken(at: str) -> str:
    moment = datetime.fromisoformat(at)
    return f"on {moment:%A}, {moment.day} {moment:%B} at {moment:%H:%M}"


def _verdict(
    *,
    reason: str,
    summary: str,
    task_completed: bool = False,
    next_call_needed: bool = False,
    next_call_at: str | None = None,
    next_instructions: str | None = None,
    do_not_call_requested: bool = False,
    findings: list[Finding] | None = None,
    turns: list[int] | None = None,
) -> Verdict:
    results = [{"field": f.field, "value": f.value, "evidence_turns": [f.turn]} for f in findings or []]
    cited = {f.turn for f in findings or []} | set(turns or [])
    return {
        "task_completed": task_completed,
        "reason": reason,
        "next_call_needed": next_call_needed,
        "next_call_at": next_call_at,
        "next_instructions": next_instructions,
        "summary": summary,
        "do_not_call_requested": do_not_call_requested,
        "results": results,
        "evidence_turns": sorted(cited),
    }
