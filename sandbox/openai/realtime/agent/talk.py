"""The talk so far, with what every rule of the agent needs worked out once."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox.openai.realtime.agent.briefing import Briefing
from sandbox.openai.realtime.agent.turns import Decision, Scene, Turn
from sandbox.speech.phrases import GOODBYE

_HEARD_SHARE = 0.7
"""Of a sentence that was interrupted: from here on the callee knows what it was about."""
_PUTS_THROUGH = "send_dtmf"


@dataclass(frozen=True)
class Talk:
    scene: Scene
    briefing: Briefing

    @property
    def now(self) -> datetime:
        return self.briefing.now or self.scene.now

    @property
    def turns(self) -> Sequence[Turn]:
        """Those with whoever is on the line now: after a key of a phone menu that is somebody else."""
        after_key = self.since_output_of(_PUTS_THROUGH)
        return self.scene.turns if after_key is None else after_key

    @property
    def has_been_put_through(self) -> bool:
        """A key was pressed, and the agent has not spoken since."""
        is_new = self.since_output_of(_PUTS_THROUGH) is not None
        return is_new and not any(turn.speaker == "agent" for turn in self.turns)

    def spoke(self, sentence: str) -> bool:
        """Whether the callee heard most of a sentence: in one go, so that halves do not add up."""
        return heard_in(self.turns, sentence)

    @property
    def asked(self) -> bool:
        purpose = self.briefing.purpose
        if self.briefing.opening.endswith("?"):
            purpose = self.briefing.opening
        return self.spoke(purpose)

    def count(self, sentence: str) -> int:
        return sum(sentence in turn.text for turn in self.turns if turn.speaker == "agent")

    def callee_said(self) -> str:
        """All that the callee said in a row: people pause in the middle of a thought."""
        row = itertools.takewhile(lambda turn: turn.speaker in {"callee", "owner"}, reversed(self.turns))
        said = [turn.text for turn in row if turn.speaker == "callee" and (turn.text or self.has_been_put_through)]
        if self.has_been_put_through:
            return said[0] if said else ""  # each of them may be somebody else's
        return " ".join(reversed(said))

    # Tools

    def was_called(self, name: str) -> bool:
        return any(turn.speaker == "tool_call" and turn.name == name for turn in self.scene.turns)

    def is_running(self, name: str) -> bool:
        """Called, and its output is not there yet."""
        own = [turn.speaker for turn in self.scene.turns if turn.name == name]
        return bool(own) and own[-1] == "tool_call"

    def since_call_of(self, name: str) -> Sequence[Turn] | None:
        """The turns after the tool was last called; None when it never was."""
        return self._since("tool_call", name)

    def since_output_of(self, name: str) -> Sequence[Turn] | None:
        """The turns after the last output of the tool; None when there is none."""
        return self._since("tool_output", name)

    def _since(self, speaker: str, name: str) -> Sequence[Turn] | None:
        turns = self.scene.turns
        found = [at for at, turn in enumerate(turns) if (turn.speaker, turn.name) == (speaker, name)]
        return turns[found[-1] + 1 :] if found else None

    # Moves

    def introduce(self) -> Decision:
        """The opening unless it was heard, and the purpose."""
        if self.spoke(self.briefing.opening):
            return Decision(self.briefing.purpose)
        return Decision(self.briefing.introduction)

    def end(self, speech: str, reason: str, outcome: str) -> Decision:
        """`outcome` names wishes in order of preference, separated by "|"."""
        call = self.scene.tools.call("end_call", reason=reason, outcome=outcome)
        return Decision(f"{speech} {GOODBYE}".strip(), call)

    def hang_up(self, reason: str, outcome: str) -> Decision:
        """Without a word, on a machine."""
        return Decision(call=self.scene.tools.call("end_call", reason=reason, outcome=outcome))


def heard_in(turns: Sequence[Turn], sentence: str) -> bool:
    """Whether most of it is in one of the agent's turns."""
    wanted = _words(sentence)
    need = max(1, int(len(wanted) * _HEARD_SHARE))
    heard = (_words(turn.text) for turn in turns if turn.speaker == "agent")
    return any(_contains(words, wanted[:need]) for words in heard)


def as_object(text: str) -> dict[str, object]:
    """A tool's arguments or output; empty when they are no JSON object."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def has_failed(result: dict[str, object]) -> bool:
    return bool(result.get("error")) or result.get("ok") is False or result.get("status") in {"error", "rejected"}


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def _contains(words: list[str], wanted: list[str]) -> bool:
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))
