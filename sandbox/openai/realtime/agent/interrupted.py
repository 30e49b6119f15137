"""Going on after the connection was interrupted: a system message says so; the turns before it are what was heard."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from sandbox.openai.realtime.agent.turns import Decision, Scene, Turn

CUT = "…"
_ORDER_TO_GO_ON = re.compile(r"\bconnection was (?:lost|interrupted)\b.*\bgo on\b", re.I | re.S)


def go_on(scene: Scene, decide: Callable[[Scene], Decision]) -> Decision | None:
    """What is left of what the agent was about to say and do; None when nobody told it to go on."""
    if not (scene.turns and _is_order(scene.turns[-1])):
        return None
    turns = [turn for turn in scene.turns if not _is_order(turn)]
    heard: list[str] = []
    while turns and turns[-1].speaker == "agent":
        heard.insert(0, turns.pop().text.rstrip(f" {CUT}"))
    decision = decide(replace(scene, turns=tuple(turns)))
    speech = decision.speech
    for text in heard:
        speech = speech.removeprefix(text).lstrip() if speech.startswith(text) else speech
    return replace(decision, speech=speech)


def _is_order(turn: Turn) -> bool:
    return turn.speaker == "owner" and _ORDER_TO_GO_ON.search(turn.text) is not None
