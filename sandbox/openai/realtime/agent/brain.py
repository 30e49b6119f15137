"""Decides what the agent does next, from the whole talk so far. Pure: the same scene gives the same decision.

The callee's words choose among the agent's own moves; they are never orders.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime

from sandbox.openai.realtime.agent import interrupted, machines, owner
from sandbox.openai.realtime.agent.briefing import read, word_for_word
from sandbox.openai.realtime.agent.meaning import Meaning, meaning_of, menu_key
from sandbox.openai.realtime.agent.moments import DEFAULT_TIME, said, spoken_moment
from sandbox.openai.realtime.agent.talk import Talk, as_object, has_failed
from sandbox.openai.realtime.agent.turns import Decision, Scene, ToolCall, Turn
from sandbox.speech.phrases import GOODBYE

MAX_REPEATS = 2
MAX_ORDER_CHARS = 500
_ASK_AGAIN = "I am sorry, I did not understand that. Could you say it again, please?"
_STILL_THERE = "Are you still there?"
_ORDER_TO_END = re.compile(
    r"\b(?:end_call|h[au]ng up|say good-?bye|take leave|(?:end|close|finish) the (?:call|talk|conversation))\b", re.I
)
_ORDER_TO_ASK_WHO_IS_THERE = re.compile(r"\bstill there\b|\b(?:silent|silence|said nothing|hear you)\b", re.I)


def decide(scene: Scene) -> Decision:
    """The next step. A forced tool is called whatever was said."""
    talk = Talk(scene, read(f"{scene.order}\n{scene.instructions}"))
    if scene.tools.forced:
        return Decision(call=_forced(talk, scene.tools.forced))
    if words := word_for_word(scene.order):
        return Decision(words)
    if decision := interrupted.go_on(scene, decide):
        return decision
    if not any(turn.speaker in {"callee", "agent"} for turn in scene.turns):
        return talk.introduce()
    if scene.turns[-1].speaker == "owner" and (words := word_for_word(scene.turns[-1].text)):
        return Decision(words)
    if decision := _ordered(talk):
        return decision
    last = next(turn for turn in reversed(scene.turns) if turn.speaker not in {"tool_call", "owner"})
    if last.speaker == "tool_output":
        return _after_tool(talk, last)
    if machines.is_at_voicemail(talk):
        return machines.go_on_at_voicemail(talk)
    if machines.is_being_put_through(talk):
        return Decision()
    if last.speaker == "agent" or last.silent:
        return owner.hold(talk) if owner.is_being_asked(talk) else _nobody_answered(talk)
    return _answer(talk, talk.callee_said())


def _ordered(talk: Talk) -> Decision | None:
    """What the instructions of this one response want, where they leave the words to the agent."""
    order = talk.scene.order
    if len(order) > MAX_ORDER_CHARS:
        return None  # no order, but other instructions for the whole call
    if _ORDER_TO_END.search(order):
        return _give_up(talk)
    return _nobody_answered(talk) if _ORDER_TO_ASK_WHO_IS_THERE.search(order) else None


def _answer(talk: Talk, text: str) -> Decision:
    meaning = meaning_of(text)
    at_once = _AT_ONCE.get(meaning)
    if at_once is not None:
        return at_once(talk, text)
    if owner.is_being_asked(talk):
        return owner.hold(talk)
    if meaning is not Meaning.NOTHING and not talk.asked:
        return talk.introduce()
    return _IN_TALK[meaning](talk, text)


# What is dealt with whenever it is said


def _opt_out(talk: Talk, text: str) -> Decision:
    call = talk.scene.tools.call("mark_do_not_call", reason="The callee asked not to be called again.")
    if call is not None and not talk.was_called(call.name):
        return Decision(call=call)
    return _promise_silence(talk)


def _promise_silence(talk: Talk) -> Decision:
    return talk.end(
        "I understand. I am sorry for the disturbance, we will not call you again.",
        "The callee does not want to be called again.",
        "do_not_call|opted_out|refused|declined|completed",
    )


def _wrong_number(talk: Talk, text: str) -> Decision:
    return talk.end(
        "I am sorry, I must have the wrong number. Thank you for telling me.",
        "Wrong number.",
        "wrong_number|failed|completed",
    )


def _call_later(talk: Talk, text: str) -> Decision:
    moment = _wanted_moment(talk, text)
    call = talk.scene.tools.call(
        "reschedule_call",
        when=moment.isoformat(timespec="minutes"),
        reason="The callee has no time now and asked to be called then.",
    )
    if call is not None and not talk.was_called(call.name):
        return Decision(call=call)
    return _promise_call(talk, moment)


def _wanted_moment(talk: Talk, text: str) -> datetime:
    """The time in these words, else the same time as asked for before, else tomorrow at ten."""
    said_before = [turn.text for turn in reversed(talk.scene.turns) if turn.speaker == "callee"]
    moments = (spoken_moment(words, talk.now) for words in (text, *said_before))
    found = next((moment for moment in moments if moment is not None), None)
    if found is None:
        found = spoken_moment("tomorrow", talk.now)
        assert found is not None
    return found


def _promise_call(talk: Talk, moment: datetime) -> Decision:
    return talk.end(
        f"Thank you. I will call you again {said(moment)}.",
        "The callee asked to be called at another time.",
        "callback|rescheduled|call_later|completed",
    )


def _take_over(talk: Talk, text: str) -> Decision:
    return Decision(f"I am sorry, I can only talk about the reason for my call. {talk.briefing.purpose}")


def _robot(talk: Talk, text: str) -> Decision:
    return Decision(f"Yes, I am an artificial intelligence and not a person. {talk.briefing.purpose}")


def _wants_person(talk: Talk, text: str) -> Decision:
    call = talk.scene.tools.call("transfer_call", reason="The callee wants to speak to a person.")
    if call is None or talk.was_called(call.name):
        return Decision(f"I am sorry, I cannot put you through. {talk.briefing.purpose}")
    return Decision("Of course. I will put you through to a person now.", call)


# What is dealt with when the question has been asked


def _who(talk: Talk, text: str) -> Decision:
    return Decision(talk.briefing.introduction)


def _repeat(talk: Talk, text: str) -> Decision:
    return Decision(talk.briefing.purpose)


def _hold(talk: Talk, text: str) -> Decision:
    return Decision("Of course, I will wait.")


def _yes(talk: Talk, text: str) -> Decision:
    return _done(talk, talk.briefing.confirmation(positive=True))


def _no(talk: Talk, text: str) -> Decision:
    return _done(talk, talk.briefing.confirmation(positive=False))


def _noted(talk: Talk, text: str) -> Decision:
    return _done(talk, "I have noted your answer.")


def _done(talk: Talk, confirmation: str) -> Decision:
    return talk.end(
        f"Thank you. {confirmation}", "The question was answered.", "completed|goal_reached|success|answered"
    )


def _bye(talk: Talk, text: str) -> Decision:
    return talk.end("Thank you for your time.", "The callee took leave.", "completed|declined|ended")


def _unclear(talk: Talk, text: str) -> Decision:
    if talk.count(_ASK_AGAIN) < MAX_REPEATS:
        return Decision(_ASK_AGAIN)
    return talk.end(
        "I am sorry, I cannot understand you. We will try again another time.",
        "The callee could not be understood.",
        "not_understood|failed|no_answer|completed",
    )


def _nobody_answered(talk: Talk) -> Decision:
    if not talk.asked:
        return talk.introduce()
    if talk.count(_STILL_THERE) < MAX_REPEATS:
        return Decision(f"{_STILL_THERE} {talk.briefing.purpose}")
    return _give_up(talk)


def _give_up(talk: Talk) -> Decision:
    return talk.end(
        "I cannot hear you. We will try again another time.", "Silence.", "no_answer|silent|failed|completed"
    )


_Rule = Callable[[Talk, str], Decision]

_AT_ONCE: dict[Meaning, _Rule] = {
    Meaning.OPT_OUT: _opt_out,
    Meaning.WRONG_NUMBER: _wrong_number,
    Meaning.VOICEMAIL: machines.voicemail,
    Meaning.MENU: machines.menu,
    Meaning.ANNOUNCEMENT: machines.announcement,
    Meaning.CALL_LATER: _call_later,
    Meaning.TAKE_OVER: _take_over,
    Meaning.ROBOT: _robot,
    Meaning.PERSON: _wants_person,
}
_IN_TALK: dict[Meaning, _Rule] = {
    Meaning.WHO: _who,
    Meaning.REPEAT: _repeat,
    Meaning.GREETING: _repeat,
    Meaning.HOLD: _hold,
    Meaning.QUESTION: owner.question,
    Meaning.YES: _yes,
    Meaning.NO: _no,
    Meaning.ANSWER: _noted,
    Meaning.GOODBYE: _bye,
    Meaning.NOTHING: _unclear,
}

# What follows a tool


def _after_tool(talk: Talk, output: Turn) -> Decision:
    result = as_object(output.text)
    match output.name:
        case "report_voicemail":
            return machines.go_on_at_voicemail(talk)
        case "request_user_info":
            return owner.pass_on(talk, output.text)
    if has_failed(result):
        return _tool_failed(talk, output)
    match output.name:
        case "end_call" | "transfer_call" | "send_dtmf":
            return Decision()
        case "mark_do_not_call":
            return _promise_silence(talk)
        case "reschedule_call":
            return _promise_call(talk, _rescheduled_to(talk, result))
    return talk.introduce() if not talk.asked else Decision(talk.briefing.purpose)


def _tool_failed(talk: Talk, output: Turn) -> Decision:
    match output.name:
        case "end_call":
            return Decision(GOODBYE)
        case "mark_do_not_call":
            return _promise_silence(talk)
        case "send_dtmf":
            return talk.hang_up("The phone menu could not be operated.", "menu|failed|no_answer|completed")
    return talk.end(
        "I am sorry, I could not arrange that. We will be in touch.",
        f"{output.name} failed.",
        "failed|completed",
    )


def _rescheduled_to(talk: Talk, result: dict[str, object]) -> datetime:
    """What the tool says it did, else what the call asked for."""
    for turn in (
        json.dumps(result),
        *(t.text for t in reversed(talk.scene.turns) if t.name == "reschedule_call"),
    ):
        if match := re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d", turn):
            return datetime.fromisoformat(match[0])
    return datetime.combine(talk.now.date(), DEFAULT_TIME)


def _forced(talk: Talk, name: str) -> ToolCall | None:
    """The forced tool with what can be said about it from the talk."""
    words = next((turn.text for turn in reversed(talk.scene.turns) if turn.speaker == "callee"), "")
    return talk.scene.tools.call(
        name,
        reason="The instructions demanded it.",
        outcome="completed",
        when=_wanted_moment(talk, words).isoformat(timespec="minutes"),
        digits=menu_key(words, talk.briefing.purpose) or "0",
        question=words,
        say_meanwhile="One moment please.",
        timeout_seconds=30,
        leave_message=False,
    )
