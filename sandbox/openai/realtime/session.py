"""One Realtime connection: reads, writes, and gives the protocol its clock, its voice and its ear."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from sandbox.openai.faults import Fault
from sandbox.openai.realtime import faults, voice
from sandbox.openai.realtime.admission import refusal
from sandbox.openai.realtime.conversation import Item
from sandbox.openai.realtime.ending import CLOSE_TOO_SLOW, Ending, session_expired
from sandbox.openai.realtime.events import NONSENSE
from sandbox.openai.realtime.performance import Performance
from sandbox.openai.realtime.protocol import RealtimeProtocol, Recognize, Respond, Stop, Wanted
from sandbox.openai.realtime.response import Response
from sandbox.openai.realtime.settings import Pace, pace_from

MAX_UNSENT_EVENTS = 20_000
"""A client that reads nothing is closed when so many events wait for it."""

ReceiveText = Callable[[], Awaitable[str]]
SendText = Callable[[str], Awaitable[None]]
Close = Callable[[int, str], Awaitable[None]]


async def serve(
    receive_text: ReceiveText,
    send_text: SendText,
    close: Close,
    *,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    pace: Pace | None = None,
) -> None:
    """Talk until one side ends it. `receive_text` raises EOFError when the client has gone.

    `close(1006, "")` asks to cut the connection without a close frame.
    """
    if refused := refusal(query, headers):
        await send_text(json.dumps(refused.event))
        await close(refused.close_code, refused.close_reason)
        return
    fault = faults.take(faults.ON_CONNECT)
    if fault and fault.kind == "hang":
        await _listen_in_silence(receive_text)
        return
    if fault and fault.kind == "slow_connect":
        await asyncio.sleep(faults.seconds_of(fault))
    session = Session(receive_text, send_text, close, query["model"], _pace_with(fault, pace or pace_from()))
    await session.run(cut_after_s=faults.seconds_of(fault) if fault and fault.kind == "cut" else None)


def _pace_with(fault: Fault | None, pace: Pace) -> Pace:
    if fault and fault.kind == "session_limit":
        return replace(pace, session_seconds=faults.seconds_of(fault))
    return pace


async def _listen_in_silence(receive_text: ReceiveText) -> None:
    try:
        while True:
            await receive_text()
    except EOFError:
        return


async def _cut_after(seconds: float) -> None:
    await asyncio.sleep(seconds)
    raise Ending.drop()


class Session:
    """The tasks of one connection. Whichever of them raises Ending ends all of them."""

    def __init__(self, receive_text: ReceiveText, send_text: SendText, close: Close, model: str, pace: Pace) -> None:
        self._receive_text = receive_text
        self._send_text = send_text
        self._close = close
        self._pace = pace
        self._protocol = RealtimeProtocol(model, expires_at=int(time.time() + pace.session_seconds))
        self._something_to_send = asyncio.Event()
        self._performing: dict[str, asyncio.Task[None]] = {}
        self._recognizing: set[asyncio.Task[None]] = set()

    async def run(self, *, cut_after_s: float | None = None) -> None:
        """`cut_after_s`: the connection is cut so long after the beginning."""
        ending = Ending.left()
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for loop in (self._read(), self._write(), self._expire(), voice.warm()):
                    self._tasks.create_task(loop)
                if cut_after_s is not None:
                    self._tasks.create_task(_cut_after(cut_after_s))
        except* Ending as endings:
            first = endings.exceptions[0]
            ending = first if isinstance(first, Ending) else ending
        if ending.client_left:
            return
        if ending.farewell is not None:
            await self._send_text(json.dumps(ending.farewell))
        await self._close(ending.code, ending.reason)

    async def _read(self) -> None:
        self._protocol.start()
        self._push()
        while True:
            try:
                text = await self._receive_text()
            except EOFError:
                raise Ending.left() from None
            self._protocol.receive(text)
            self._push()

    async def _write(self) -> None:
        """The only writer, so that no cancelled response takes an event with it."""
        unsent = self._protocol.outgoing
        while True:
            await self._something_to_send.wait()
            self._something_to_send.clear()
            while unsent:
                event = unsent.pop(0)
                if event.get("type") != "session.updated" or not faults.take(faults.ON_UPDATE):
                    await self._send_text("{nonsense" if event is NONSENSE else json.dumps(event))

    async def _expire(self) -> None:
        await asyncio.sleep(self._pace.session_seconds)
        raise session_expired(self._pace.session_seconds)

    def _push(self) -> None:
        """After every step of the protocol: send what it said, do what it wants."""
        wanted = self._protocol.wanted
        while wanted:
            self._do(wanted.pop(0))
        if len(self._protocol.outgoing) > MAX_UNSENT_EVENTS:
            raise Ending(CLOSE_TOO_SLOW, "The client does not read its events.")
        if self._protocol.outgoing:
            self._something_to_send.set()

    def _do(self, want: Wanted) -> None:
        match want:
            case Recognize(item):
                listening = self._tasks.create_task(self._recognize(item))
                self._recognizing.add(listening)
                listening.add_done_callback(self._recognizing.discard)
            case Respond(response):
                self._performing[response.id] = self._tasks.create_task(self._perform(response))
            case Stop(response):
                if performing := self._performing.get(response.id):
                    performing.cancel()

    async def _recognize(self, item: Item) -> None:
        failed = faults.take(faults.ON_TRANSCRIPTION) if self._protocol.configuration.transcribes else None
        words = await voice.recognize(item.heard)
        failure = (failed.message or "Transcription failed.") if failed else None
        self._protocol.heard(item, words, failure=failure)
        self._push()

    async def _perform(self, response: Response) -> None:
        try:
            if self._recognizing:
                await asyncio.wait(self._recognizing)
            await Performance(self._protocol, response, self._pace, self._push).run()
        finally:
            self._performing.pop(response.id, None)
