"""What the agent does when a machine answers: a voicemail, or a phone menu."""

from __future__ import annotations

import re

from sandbox.openai.realtime.agent.meaning import Meaning, meaning_of, menu_key
from sandbox.openai.realtime.agent.talk import Talk, as_object, has_failed, heard_in
from sandbox.openai.realtime.agent.turns import Decision

MAX_KEYS = 4
MAX_REQUESTS = 2

_A_PERSON = "I would like to speak to a person, please."
_WAIT_FOR_BEEP = re.compile(r"\b(?:wait|after|until|once)\b[^.]*\b(?:beep|tone)\b", re.I)

# Voicemail


def voicemail(talk: Talk, text: str) -> Decision:
    """Report it, and do what the report's output says; without the tool, hang up."""
    if is_at_voicemail(talk):
        return go_on_at_voicemail(talk)
    report = talk.scene.tools.call("report_voicemail", leave_message=talk.briefing.leaves_messages)
    return Decision(call=report) if report else _leave(talk)


def is_at_voicemail(talk: Talk) -> bool:
    """It was reported, and nothing since then sounded like a person."""
    since = talk.since_call_of("report_voicemail")
    machine = {Meaning.VOICEMAIL, Meaning.NOTHING}
    return since is not None and all(meaning_of(turn.text) in machine for turn in since if turn.speaker == "callee")


def go_on_at_voicemail(talk: Talk) -> Decision:
    output = talk.since_output_of("report_voicemail")
    if talk.is_running("report_voicemail") or talk.was_called("end_call"):
        return Decision()
    result = _output_of(talk, "report_voicemail")
    if output is None or has_failed(result) or not result.get("leave_message"):
        return _leave(talk)
    message = _message(talk, result)
    if heard_in(output, message):
        return talk.hang_up("A message was left.", "voicemail|completed")
    if _waits_for_beep(result) and not _beep_was_heard(talk):
        return Decision()
    return talk.end(message, "A message was left.", "voicemail|completed")


def _leave(talk: Talk) -> Decision:
    end = talk.hang_up("A machine answered.", "voicemail|no_answer|completed")
    return Decision() if talk.was_called("end_call") else end


def _message(talk: Talk, result: dict[str, object]) -> str:
    wanted = result.get("message")
    if isinstance(wanted, str) and wanted.strip():
        return wanted.strip()
    return talk.briefing.message or f"{talk.briefing.introduction} Please call us back."


def _waits_for_beep(result: dict[str, object]) -> bool:
    """The output comes before the beep, and says so."""
    return bool(result.get("wait_for_beep")) or bool(_WAIT_FOR_BEEP.search(str(result.get("next", ""))))


def _beep_was_heard(talk: Talk) -> bool:
    """A sound without words after the greeting; or a silence so long that it must have been missed."""
    since = talk.since_call_of("report_voicemail") or ()
    return any(turn.speaker == "callee" and not turn.text for turn in since)


def _output_of(talk: Talk, tool: str) -> dict[str, object]:
    outputs = [turn.text for turn in talk.scene.turns if (turn.speaker, turn.name) == ("tool_output", tool)]
    return as_object(outputs[-1]) if outputs else {}


# Phone menu


def menu(talk: Talk, text: str) -> Decision:
    """Press the key of a person, else of the option that fits the goal; never one that led nowhere."""
    pressed = _keys_pressed(talk)
    offered = " ".join(turn.text for turn in talk.scene.turns if turn.speaker == "callee")
    key = menu_key(offered, talk.briefing.purpose, tried=pressed)
    if key is None or len(pressed) >= MAX_KEYS:
        return talk.hang_up("The phone menu led to nobody.", "menu|failed|no_answer|completed")
    press = talk.scene.tools.call("send_dtmf", digits=key)
    if press is not None:
        return Decision(call=press)
    return Decision(_A_PERSON) if talk.count(_A_PERSON) < MAX_REQUESTS else Decision()


def announcement(talk: Talk, text: str) -> Decision:
    """The options come next, or a person."""
    return Decision()


def is_being_put_through(talk: Talk) -> bool:
    """A key was pressed, and since then there was a tone, or the machine that asks to wait."""
    return talk.has_been_put_through and meaning_of(talk.callee_said()) in {Meaning.NOTHING, Meaning.HOLD}


def _keys_pressed(talk: Talk) -> str:
    calls = [turn.text for turn in talk.scene.turns if (turn.speaker, turn.name) == ("tool_call", "send_dtmf")]
    return "".join(str(as_object(arguments).get("digits", "")) for arguments in calls)
