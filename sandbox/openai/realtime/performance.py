"""Performs a response in time: thinks, speaks faster than real time, calls a tool, and commits its fault."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from sandbox.openai.faults import Fault
from sandbox.openai.realtime import events, faults, voice
from sandbox.openai.realtime.agent.brain import decide
from sandbox.openai.realtime.agent.turns import Decision, Scene, Toolbox
from sandbox.openai.realtime.ending import Ending, session_expired
from sandbox.openai.realtime.protocol import RealtimeProtocol
from sandbox.openai.realtime.response import Response, pieces
from sandbox.openai.realtime.scene import scene_of
from sandbox.openai.realtime.settings import Pace
from sandbox.speech.voice import sentences

DEFAULT_SLOW_S = 5.0
_FAILURES = {
    "rate_limited": ("requests", "rate_limit_exceeded", "Rate limit reached. Please try again later."),
    "response_failed": ("server_error", "server_error", "The server had an error while processing your request."),
}


class Performance:
    """One response. `push` sends what has gathered; a cancellation of the task is the only way to stop it."""

    def __init__(self, protocol: RealtimeProtocol, response: Response, pace: Pace, push: Callable[[], None]) -> None:
        self._protocol = protocol
        self._response = response
        self._pace = pace
        self._push = push
        self._fault = faults.take(faults.ON_RESPONSE)

    async def run(self) -> None:
        """Raises Ending when the fault ends the session."""
        await asyncio.sleep(self._pace.think_ms / 1000)
        if self._fault and self._fault.kind == "slow":
            await asyncio.sleep(self._fault.seconds or DEFAULT_SLOW_S)
        if not self._commit_fault():
            return
        decision = self._decide()
        whole = await self._say(decision.speech)
        if not self._response.active:
            return
        if whole and decision.call is not None:
            self._response.call_function(decision.call.name, json.dumps(decision.call.arguments))
        if whole:
            self._response.complete(self._protocol.count(self._response))
        else:
            self._response.cut_short("max_output_tokens", self._protocol.count(self._response))
        self._finish()

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
                if not self._commit_fault():
                    return False
                self._push()
                due = started + self._response.spoken_ms / 1000 / self._pace.speed
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            self._response.close_message()
        return True

    def _messages(self, speech: str) -> Iterator[str]:
        """The texts of the message items: one, or two when the fault wants them."""
        parts = sentences(speech)
        if self._fault and self._fault.kind == "two_audio_items" and len(parts) > 1:
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

    def _finish(self) -> None:
        self._protocol.ended(self._response)
        self._push()

    # Faults

    def _commit_fault(self) -> bool:
        """Commits the fault when its moment has come; False when the response is over by it."""
        fault = self._fault
        if fault is None or self._response.spoken_ms < faults.option(fault, "after_ms", 0):
            return True
        self._fault = None if fault.kind != "two_audio_items" else fault
        self._break_session(fault)
        self._disturb(fault)
        return not self._end_early(fault)

    def _break_session(self, fault: Fault) -> None:
        match fault.kind:
            case "drop":
                raise Ending.drop()
            case "close":
                raise Ending(faults.option(fault, "close_code", 1011), fault.message or "")
            case "session_expired":
                raise session_expired(self._pace.session_seconds)

    def _disturb(self, fault: Fault) -> None:
        """What the client must survive; the response goes on."""
        outgoing = self._protocol.outgoing
        match fault.kind:
            case "error":
                message = fault.message or "The server had an error."
                outgoing.append(events.error(fault.code or "server_error", message, kind="server_error"))
            case "unknown_event":
                outgoing.append(events.unknown("sandbox.event_of_the_future", {"surprise": True}))
            case "nonsense":
                outgoing.append(events.NONSENSE)

    def _end_early(self, fault: Fault) -> bool:
        if fault.kind == "incomplete":
            self._response.cut_short("content_filter", self._protocol.count(self._response))
        elif fault.kind in _FAILURES:
            kind, code, message = _FAILURES[fault.kind]
            tokens = self._protocol.count(self._response)
            self._response.fail(kind, fault.code or code, fault.message or message, tokens)
        else:
            return False
        self._finish()
        return True


def decision_on(scene: Scene, tool_choice: object) -> Decision:
    """The agent's decision; with tool_choice `required` a tool is called whatever the agent would have done."""
    decision = decide(scene)
    if tool_choice != "required" or decision.call or not scene.tools.schemas:
        return decision
    forced = Toolbox(scene.tools.schemas, forced=next(iter(scene.tools.schemas)))
    return Decision(decision.speech, decide(replace(scene, tools=forced)).call)
