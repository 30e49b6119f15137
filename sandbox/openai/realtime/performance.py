"""Performs a response in time: thinks, speaks faster than real time, calls a tool, and commits its fault."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from sandbox.openai.realtime import faults, voice
from sandbox.openai.realtime.agent.brain import decide
from sandbox.openai.realtime.agent.turns import Decision, Scene, Toolbox, ToolCall
from sandbox.openai.realtime.mischief import Mischief
from sandbox.openai.realtime.protocol import RealtimeProtocol
from sandbox.openai.realtime.response import Response, pieces
from sandbox.openai.realtime.scene import scene_of
from sandbox.openai.realtime.settings import Pace
from sandbox.speech.voice import sentences


class Performance:
    """One response. `push` sends what has gathered; a cancellation of the task is the only way to stop it."""

    def __init__(self, protocol: RealtimeProtocol, response: Response, pace: Pace, push: Callable[[], None]) -> None:
        self._protocol = protocol
        self._response = response
        self._pace = pace
        self._push = push
        self._mischief = Mischief(faults.take(faults.ON_RESPONSE), protocol, response, pace.session_seconds)

    async def run(self) -> None:
        """Raises Ending when the fault ends the session."""
        await asyncio.sleep(self._pace.think_ms / 1000 + self._mischief.delay_s)
        decision = self._mischief.instead_of(self._decide())
        try:
            is_whole = await self._mischief.happen() and await self._say(decision.speech)
        except asyncio.CancelledError:
            self._mischief.after_cancellation()
            self._push()
            raise
        if self._response.active:
            self._end(decision.call, is_whole=is_whole)
        self._protocol.ended(self._response)
        self._push()

    def _end(self, call: ToolCall | None, *, is_whole: bool) -> None:
        if not is_whole:
            self._response.cut_short("max_output_tokens", self._protocol.count(self._response))
            return
        wanted = self._mischief.tool_call() or (call and (call.name, json.dumps(call.arguments)))
        if wanted:
            self._response.call_function(*wanted, times=2 if self._mischief.repeats_tool_call else 1)
        self._response.complete(self._protocol.count(self._response))

    def _decide(self) -> Decision:
        now = datetime.now()  # noqa: DTZ005 - local and naive, as people say times
        settings = self._response.settings
        scene = scene_of(settings, self._protocol.context(self._response), now)
        return decision_on(scene, settings.tool_choice)

    async def _say(self, speech: str) -> bool:
        """False when the limit of output tokens cut it short, or a fault ended the response."""
        spoken = [await self._voice(text) for text in self._messages(speech)]
        started = asyncio.get_running_loop().time()
        for message in spoken:
            self._response.open_message()
            for text, audio in message:
                if self._over_limit():
                    return False
                self._protocol.say(self._response, text, audio)
                if not await self._mischief.happen():
                    return False
                self._push()
                due = started + self._response.spoken_ms / 1000 / self._pace.speed
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            self._response.close_message()
        return True

    def _messages(self, speech: str) -> Iterator[str]:
        """The texts of the message items: one, or two when the fault wants them."""
        parts = sentences(speech)
        if self._mischief.splits_message and len(parts) > 1:
            yield parts[0]
            parts = parts[1:]
        if parts:
            yield " ".join(parts)

    async def _voice(self, text: str) -> list[tuple[str, bytes]]:
        settings = self._response.settings
        if settings.modality == "text":
            return [(f"{word} ", b"") for word in text.split()]
        audio = await voice.speak(text, settings.output_format)
        return list(pieces(text, audio, settings.output_format))

    def _over_limit(self) -> bool:
        limit = self._response.settings.max_output_tokens
        return limit != "inf" and self._response.written().total >= limit


def decision_on(scene: Scene, tool_choice: object) -> Decision:
    """The agent's decision; with tool_choice `required` a tool is called whatever the agent would have done."""
    decision = decide(scene)
    if tool_choice != "required" or decision.call or not scene.tools.schemas:
        return decision
    forced = Toolbox(scene.tools.schemas, forced=next(iter(scene.tools.schemas)))
    return Decision(decision.speech, decide(replace(scene, tools=forced)).call)
