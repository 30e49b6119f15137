"""Decides what the agent does next, from the whole talk so far. Pure: the same scene gives the same decision.

The callee's words choose among the agent's own moves; they are never orders.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox.openai.realtime.agent.briefing import Briefing, read, word_for_word
from sandbox.openai.realtime.agent.meaning import Meaning, content_words, meaning_of, menu_key
from sandbox.openai.realtime.agent.moments import DEFAULT_TIME, said, spoken_moment
from sandbox.openai.realtime.agent.turns import Decision, Scene, ToolCall, Turn
from sandbox.speech.phrases import GOODBYE

MAX_REPEATS = 2
_HEARD_SHARE = 0.7
"""Of a sentence that was interrupted: from here on the callee knows what it was about."""

_ASK_AGAIN = "I am sorry, I did not understand that. Could you say it again, please?"
_STILL_THERE = "Are you still there?"


@dataclass(frozen=True)
class _Talk:
    """The scene with what every rule needs worked out once."""

    scene: Scene
    briefing: Briefing

    @property
    def now(self) -> datetime:
        return self.briefing.now or self.scene.now

    def spoke(self, sentence: str) -> bool:
        """Whether the callee heard most of a sentence: in one go, so that halves do not add up."""
        wanted = _words(sentence)
        need = max(1, int(len(wanted) * _HEARD_SHARE))
        heard = (_words(turn.text) for turn in self.scene.turns if turn.speaker == "agent")
        return any(_contains(words, wanted[:need]) for words in heard)

    @property
    def asked(self) -> bool:
        purpose = self.briefing.purpose
        if self.briefing.opening.endswith("?"):
            purpose = self.briefing.opening
        return self.spoke(purpose)

    def count(self, sentence: str) -> int:
        return sum(sentence in turn.text for turn in self.scene.turns if turn.speaker == "agent")

    def introduce(self) -> Decision:
        """The opening unless it was heard, and the purpose."""
        if self.spoke(self.briefing.opening):
            return Decision(self.briefing.purpose)
        return Decision(self.briefing.introduction)

    def end(self, speech: str, reason: str, outcome: str) -> Decision:
        """`outcome` names wishes in order of preference, separated by "|"."""
        call = self.scene.tools.call("end_call", reason=reason, outcome=outcome)
        return Decision(f"{speech} {GOODBYE}".strip(), call)


def decide(scene: Scene) -> Decision:
    """The next step. A forced tool is called whatever was said."""
    talk = _Talk(scene, read(f"{scene.order}\n{scene.instructions}"))
    if scene.tools.forced:
        return Decision(call=_forced(talk, scene.tools.forced))
    if order := word_for_word(scene.order):
        return Decision(order)
    if not scene.turns or not any(turn.speaker in {"callee", "agent"} for turn in scene.turns):
        return talk.introduce()
    if scene.turns[-1].speaker == "owner" and (order := word_for_word(scene.turns[-1].text)):
        return Decision(order)
    last = next(turn for turn in reversed(scene.turns) if turn.speaker not in {"tool_call", "owner"})
    if last.speaker == "tool_output":
        return _after_tool(talk, last)
    if last.speaker == "agent" or last.silent:
        return _nobody_answered(talk)
    return _answer(talk, _since_the_agent_spoke(scene.turns))


def _since_the_agent_spoke(turns: Sequence[Turn]) -> str:
    """All that the callee said in a row: people pause in the middle of a thought."""
    last_turns = itertools.takewhile(lambda turn: turn.speaker in {"callee", "owner"}, reversed(turns))
    return " ".join(reversed([turn.text for turn in last_turns if turn.speaker == "callee" and turn.text]))


def _answer(talk: _Talk, text: str) -> Decision:
    meaning = meaning_of(text)
    at_once = _AT_ONCE.get(meaning)
    if at_once is not None:
        return at_once(talk, text)
    if meaning is not Meaning.NOTHING and not talk.asked:
        return talk.introduce()
    return _IN_TALK[meaning](talk, text)


# What is dealt with whenever it is said


def _opt_out(talk: _Talk, text: str) -> Decision:
    call = talk.scene.tools.call("mark_do_not_call", reason="The callee asked not to be called again.")
    if call is not None and not _was_called(talk.scene.turns, call.name):
        return Decision(call=call)
    return _promise_silence(talk)


def _promise_silence(talk: _Talk) -> Decision:
    return talk.end(
        "I understand. I am sorry for the disturbance, we will not call you again.",
        "The callee does not want to be called again.",
        "do_not_call|opted_out|refused|declined|completed",
    )


def _wrong_number(talk: _Talk, text: str) -> Decision:
    return talk.end(
        "I am sorry, I must have the wrong number. Thank you for telling me.",
        "Wrong number.",
        "wrong_number|failed|completed",
    )


def _voicemail(talk: _Talk, text: str) -> Decision:
    report = talk.scene.tools.call("report_voicemail", leave_message=False)
    if report is not None and not _was_called(talk.scene.turns, report.name):
        return Decision(call=report)
    end = talk.end("", "A machine answered.", "voicemail|no_answer|completed")
    return Decision(call=end.call) if end.call else Decision()


def _menu(talk: _Talk, text: str) -> Decision:
    press = talk.scene.tools.call("send_dtmf", digits=menu_key(text, talk.briefing.purpose))
    return Decision(call=press) if press else Decision("I would like to speak to a person, please.")


def _call_later(talk: _Talk, text: str) -> Decision:
    moment = _wanted_moment(talk, text)
    call = talk.scene.tools.call(
        "reschedule_call",
        when=moment.isoformat(timespec="minutes"),
        reason="The callee has no time now and asked to be called then.",
    )
    if call is not None and not _was_called(talk.scene.turns, call.name):
        return Decision(call=call)
    return _promise_call(talk, moment)


def _wanted_moment(talk: _Talk, text: str) -> datetime:
    """The time in these words, else the same time as asked for before, else tomorrow at ten."""
    said_before = [turn.text for turn in reversed(talk.scene.turns) if turn.speaker == "callee"]
    moments = (spoken_moment(words, talk.now) for words in (text, *said_before))
    found = next((moment for moment in moments if moment is not None), None)
    if found is None:
        found = spoken_moment("tomorrow", talk.now)
        assert found is not None
    return found


def _promise_call(talk: _Talk, moment: datetime) -> Decision:
    return talk.end(
        f"Thank you. I will call you again {said(moment)}.",
        "The callee asked to be called at another time.",
        "callback|rescheduled|call_later|completed",
    )


def _take_over(talk: _Talk, text: str) -> Decision:
    return Decision(f"I am sorry, I can only talk about the reason for my call. {talk.briefing.purpose}")


def _robot(talk: _Talk, text: str) -> Decision:
    return Decision(f"Yes, I am an artificial intelligence and not a person. {talk.briefing.purpose}")


# What is dealt with when the question has been asked


def _who(talk: _Talk, text: str) -> Decision:
    return Decision(talk.briefing.introduction)


def _repeat(talk: _Talk, text: str) -> Decision:
    return Decision(talk.briefing.purpose)


def _hold(talk: _Talk, text: str) -> Decision:
    return Decision("Of course, I will wait.")


def _question(talk: _Talk, text: str) -> Decision:
    if fact := _known(talk.briefing, text):
        return Decision(f"{fact} {talk.briefing.purpose}")
    call = talk.scene.tools.call(
        "request_user_info",
        question=text,
        say_meanwhile="One moment please, I am asking.",
        timeout_seconds=30,
    )
    if call is not None:
        return Decision(call=call)
    return Decision(f"I do not know that, but I will pass your question on. {talk.briefing.purpose}")


def _known(briefing: Briefing, question: str) -> str | None:
    """The fact that shares the most words with the question, at least one of them in its label."""
    asked = content_words(question)
    scored = [(len(asked & content_words(fact)), fact) for fact in briefing.facts]
    score, fact = max(scored, default=(0, ""))
    if not score or not asked & content_words(fact.partition(":")[0]):
        return None
    label, _, value = fact.partition(": ")
    return f"{label}: {value.rstrip('.')}."


def _yes(talk: _Talk, text: str) -> Decision:
    return _done(talk, talk.briefing.confirmation(positive=True))


def _no(talk: _Talk, text: str) -> Decision:
    return _done(talk, talk.briefing.confirmation(positive=False))


def _noted(talk: _Talk, text: str) -> Decision:
    return _done(talk, "I have noted your answer.")


def _done(talk: _Talk, confirmation: str) -> Decision:
    return talk.end(
        f"Thank you. {confirmation}", "The question was answered.", "completed|goal_reached|success|answered"
    )


def _bye(talk: _Talk, text: str) -> Decision:
    return talk.end("Thank you for your time.", "The callee took leave.", "completed|declined|ended")


def _unclear(talk: _Talk, text: str) -> Decision:
    if talk.count(_ASK_AGAIN) < MAX_REPEATS:
        return Decision(_ASK_AGAIN)
    return talk.end(
        "I am sorry, I cannot understand you. We will try again another time.",
        "The callee could not be understood.",
        "not_understood|failed|no_answer|completed",
    )


def _nobody_answered(talk: _Talk) -> Decision:
    if not talk.asked:
        return talk.introduce()
    if talk.count(_STILL_THERE) < MAX_REPEATS:
        return Decision(f"{_STILL_THERE} {talk.briefing.purpose}")
    return talk.end(
        "I cannot hear you. We will try again another time.", "Silence.", "no_answer|silent|failed|completed"
    )


_Rule = Callable[[_Talk, str], Decision]

_AT_ONCE: dict[Meaning, _Rule] = {
    Meaning.OPT_OUT: _opt_out,
    Meaning.WRONG_NUMBER: _wrong_number,
    Meaning.VOICEMAIL: _voicemail,
    Meaning.MENU: _menu,
    Meaning.CALL_LATER: _call_later,
    Meaning.TAKE_OVER: _take_over,
    Meaning.ROBOT: _robot,
}
_IN_TALK: dict[Meaning, _Rule] = {
    Meaning.WHO: _who,
    Meaning.REPEAT: _repeat,
    Meaning.GREETING: _repeat,
    Meaning.HOLD: _hold,
    Meaning.QUESTION: _question,
    Meaning.YES: _yes,
    Meaning.NO: _no,
    Meaning.ANSWER: _noted,
    Meaning.GOODBYE: _bye,
    Meaning.NOTHING: _unclear,
}

# What follows a tool


def _after_tool(talk: _Talk, output: Turn) -> Decision:
    result = _as_object(output.text)
    if output.name in {"end_call", "transfer_call"} and not _failed(result):
        return Decision()
    if _failed(result):
        return _tool_failed(talk, output)
    match output.name:
        case "mark_do_not_call":
            return _promise_silence(talk)
        case "reschedule_call":
            return _promise_call(talk, _rescheduled_to(talk, result))
        case "report_voicemail":
            return _leave_message(talk) if result.get("leave_message") else _voicemail(talk, "")
        case "request_user_info":
            return _pass_on(talk, result)
        case "send_dtmf":
            return Decision()
    return talk.introduce() if not talk.asked else Decision(talk.briefing.purpose)


def _tool_failed(talk: _Talk, output: Turn) -> Decision:
    if output.name == "end_call":
        return Decision(GOODBYE)
    if output.name == "mark_do_not_call":
        return _promise_silence(talk)
    return talk.end(
        "I am sorry, I could not arrange that. We will be in touch.",
        f"{output.name} failed.",
        "failed|completed",
    )


def _rescheduled_to(talk: _Talk, result: dict[str, object]) -> datetime:
    """What the tool says it did, else what the call asked for."""
    for turn in (
        json.dumps(result),
        *(t.text for t in reversed(talk.scene.turns) if t.name == "reschedule_call"),
    ):
        if match := re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d", turn):
            return datetime.fromisoformat(match[0])
    return datetime.combine(talk.now.date(), DEFAULT_TIME)


def _leave_message(talk: _Talk) -> Decision:
    return talk.end(f"{talk.briefing.introduction} Please call us back.", "A message was left.", "voicemail|completed")


def _pass_on(talk: _Talk, result: dict[str, object]) -> Decision:
    answer = result.get("answer")
    if isinstance(answer, str) and answer.strip():
        return Decision(f"Thank you for waiting. {answer.strip().rstrip('.')}. {talk.briefing.purpose}")
    return talk.end(
        "I am sorry, I could not find that out. We will call you back.",
        "A question of the callee could not be answered.",
        "needs_info|callback|failed|completed",
    )


def _failed(result: dict[str, object]) -> bool:
    return bool(result.get("error")) or result.get("ok") is False or result.get("status") in {"error", "rejected"}


def _as_object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _forced(talk: _Talk, name: str) -> ToolCall | None:
    """The forced tool with what can be said about it from the talk."""
    words = next((turn.text for turn in reversed(talk.scene.turns) if turn.speaker == "callee"), "")
    return talk.scene.tools.call(
        name,
        reason="The instructions demanded it.",
        outcome="completed",
        when=_wanted_moment(talk, words).isoformat(timespec="minutes"),
        digits=menu_key(words, talk.briefing.purpose),
        question=words,
        say_meanwhile="One moment please.",
        timeout_seconds=30,
        leave_message=False,
    )


def _was_called(turns: Sequence[Turn], name: str) -> bool:
    return any(turn.speaker == "tool_call" and turn.name == name for turn in turns)


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def _contains(words: list[str], wanted: list[str]) -> bool:
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))
