"""A gateway as small as can be between the two stand-ins, in lockstep: time stands still while the agent thinks.

It plays what the agent says 20 ms at a time, stops for a callee who talks into it and tells how much was heard,
runs the agent's tools, and hangs up after the last words. It has none of the product's code.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Coroutine
from typing import Any

from sandbox.speech import g711
from tests.sandbox.openai_realtime.wire import Client
from tests.sandbox.pbx.lockstep import LockstepTalk

CHUNK_FRAMES = 5
FRAME_BYTES = 160
SILENCE = bytes([g711.SILENCE_BYTE]) * FRAME_BYTES
MAX_TALK_MS = 180_000

Arguments = dict[str, Any]
Tool = Callable[["Bridge", Arguments], Coroutine[Any, Any, dict[str, Any]]]


class Bridge:
    """One talk. `transcript` has what both said, the agent only as far as it was heard.

    Tools have an output when their coroutine has one; meanwhile time goes on. `orders` are instructions for a
    response at a moment (ms), as a gateway gives them.
    """

    def __init__(self, line: LockstepTalk, voice: Client, tools: dict[str, Tool]) -> None:
        self.line = line
        self.transcript: list[tuple[str, str]] = []
        self.calls: list[tuple[str, Arguments]] = []
        self.sent = bytearray()
        self.heard = bytearray()
        self.orders: list[tuple[int, str]] = []
        self.interruptions: list[int] = []
        self.is_over = False
        self._voice = voice
        self._tools = tools
        self._running: dict[str, asyncio.Task[dict[str, Any]]] = {}
        self._playout: list[tuple[str, bytearray]] = []
        self._played_bytes: dict[str, int] = {}
        self._callee_speaks = False
        self._responses = 0
        self._reply_wanted = False
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    @property
    def now_ms(self) -> int:
        return len(self.sent) // 8

    async def talk(self) -> None:
        """From the agent's first words to the end of the call."""
        await self._ask()
        while not self.is_over and self.now_ms < MAX_TALK_MS:
            await self._carry_sound()
            await self._catch_up()
            await self._give_outputs()
            while self.orders and self.now_ms >= self.orders[0][0]:
                await self._ask(self.orders.pop(0)[1])
            if self.called("end_call") and not self._playout:
                self.line.talk.writer.write(b"\x00\x00\x00")
                self.is_over = True

    def called(self, tool: str) -> list[Arguments]:
        return [arguments for name, arguments in self.calls if name == tool]

    def said_by(self, who: str) -> list[str]:
        return [text for speaker, text in self.transcript if speaker == who]

    async def until(self, happened: Callable[[], bool]) -> None:
        """Let time go on until then."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append((happened, waiter))
        await waiter

    # --- sound ---------------------------------------------------------------------------------------------

    async def _carry_sound(self) -> None:
        """100 ms of both directions."""
        heard = bytearray()
        for _ in range(CHUNK_FRAMES):
            frame = self._next_frame()
            self.sent += frame
            callee = await self.line.exchange(g711.decode(frame))
            if callee is None:
                self.is_over = True
                break
            heard += g711.encode(callee)
        self.heard += heard
        await self._voice.send("input_audio_buffer.append", audio=base64.b64encode(heard).decode())

    def _next_frame(self) -> bytes:
        if not self._playout:
            return SILENCE
        item_id, sound = self._playout[0]
        frame = bytes(sound[:FRAME_BYTES])
        del sound[:FRAME_BYTES]
        self._played_bytes[item_id] = self._played_bytes.get(item_id, 0) + len(frame)
        if not sound:
            self._playout.pop(0)
        return frame.ljust(FRAME_BYTES, SILENCE[:1])

    # --- the agent -----------------------------------------------------------------------------------------

    async def _ask(self, instructions: str = "") -> None:
        own = {"instructions": instructions, "tool_choice": "none"} if instructions else {}
        await self._voice.send("response.create", response=own)
        self._responses += 1
        await self._catch_up()

    async def _catch_up(self) -> None:
        """Everything that the agent's side has to say to what it got so far, to the end of its response."""
        await self._voice.send("conversation.item.retrieve", item_id="nothing", event_id="is that all?")
        answered = False
        while not answered or self._responses:
            event = await self._voice.next()
            answered = answered or event.get("error", {}).get("event_id") == "is that all?"
            await self._take(event)

    async def _take(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "response.output_audio.delta":
                self._queue(event["item_id"], base64.b64decode(event["delta"]))
            case "input_audio_buffer.speech_started":
                self._callee_speaks = True
                await self._interrupt()
            case "input_audio_buffer.speech_stopped":
                self._callee_speaks = False
                self._reply_wanted = False  # the server answers by itself, with all outputs it has
                self._responses += 1
            case "conversation.item.input_audio_transcription.completed":
                self.transcript.append(("callee", event["transcript"]))
            case "response.done":
                self._responses -= 1
                self._note(event["response"])

    def _queue(self, item_id: str, sound: bytes) -> None:
        if not self._playout or self._playout[-1][0] != item_id:
            self._playout.append((item_id, bytearray()))
        self._playout[-1][1].extend(sound)

    async def _interrupt(self) -> None:
        """The callee speaks: nothing more is played, and the agent is told what was heard."""
        unheard, self._playout = [item_id for item_id, _ in self._playout], []
        for item_id in unheard:
            heard_ms = self._played_bytes.get(item_id, 0) // 8
            self.interruptions.append(heard_ms)
            await self._voice.send(
                "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=heard_ms
            )

    def _note(self, response: dict[str, Any]) -> None:
        assert response["status"] == "completed", response["status_details"]
        for item in response["output"]:
            if item["type"] == "message":
                self.transcript.append(("agent", item["content"][0]["transcript"]))
            else:
                arguments = json.loads(item["arguments"])
                self.calls.append((item["name"], arguments))
                if item["name"] != "end_call":
                    tool = self._tools[item["name"]](self, arguments)
                    self._running[item["call_id"]] = asyncio.create_task(tool)

    async def _give_outputs(self) -> None:
        for happened, waiter in self._waiters:
            if not waiter.done() and happened():
                waiter.set_result(None)
        for call_id in [call_id for call_id, running in self._running.items() if running.done()]:
            output = json.dumps(self._running.pop(call_id).result())
            item = {"type": "function_call_output", "call_id": call_id, "output": output}
            await self._voice.send("conversation.item.create", item=item)
            self._reply_wanted = True
        if self._reply_wanted and not self._running and not self._callee_speaks:
            self._reply_wanted = False
            await self._ask()
