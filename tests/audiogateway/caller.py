"""A PBX with one callee, as an AudioSocket client: speaks 20 ms frames in real time, and keeps what it hears."""

import asyncio
from uuid import UUID

import numpy as np

from audiogateway.audiosocket.codec import Audio, Decoder, Hangup, encode_audio, encode_call_id

FRAME_BYTES = 320
FRAME_SECONDS = 0.02
QUIET_FRAMES = 35
"""700 ms without a sound: the other side has finished."""
_LOUD = 300


class Caller:
    """`hang_up` closes the connection, as Asterisk does. `is_closed` is set when either side has."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._to_say = bytearray()
        self._said = asyncio.Event()
        self._quiet_frames = 0
        self._heard_a_turn = asyncio.Event()
        self._agent_spoke = asyncio.Event()
        self._is_speaking = False
        self.heard = bytearray()
        self.was_hung_up_on = False
        self.is_closed = asyncio.Event()

    @classmethod
    async def call(cls, address: tuple[str, int], call_id: UUID) -> "Caller":
        caller = cls(*await asyncio.open_connection(*address))
        caller._writer.write(encode_call_id(call_id))
        return caller

    async def run(self) -> None:
        """Carries the sound in both directions until the connection is closed."""
        async with asyncio.TaskGroup() as tasks:
            speaking = tasks.create_task(self._speak())
            await self._listen()
            speaking.cancel()

    async def say(self, sound: bytes) -> None:
        """Returns when the last frame of it was sent."""
        self._said.clear()
        self._to_say += sound
        await self._said.wait()

    async def listen(self, seconds: float) -> None:
        """Says nothing for so long."""
        await self.say(bytes(int(seconds * FRAME_BYTES / FRAME_SECONDS)))

    async def wait_for_speech(self) -> None:
        """Until the agent makes a sound."""
        await self._agent_spoke.wait()

    async def wait_for_turn(self) -> None:
        """Until the agent has spoken and is quiet again, or the call is over."""
        if not self.is_closed.is_set():
            self._heard_a_turn.clear()
        await self._heard_a_turn.wait()

    def hang_up(self) -> None:
        self._writer.close()

    async def _speak(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            frame = bytes(self._to_say[:FRAME_BYTES])
            del self._to_say[:FRAME_BYTES]
            self._writer.write(encode_audio(frame + bytes(FRAME_BYTES - len(frame))))
            if not self._to_say:
                self._said.set()
            due += FRAME_SECONDS
            await asyncio.sleep(due - loop.time())

    async def _listen(self) -> None:
        decoder = Decoder()
        while data := await self._reader.read(65536):
            for message in decoder.feed(data):
                if isinstance(message, Audio):
                    self._hear(message.samples)
                elif isinstance(message, Hangup):
                    self.was_hung_up_on = True
        self._writer.close()
        self.is_closed.set()
        self._agent_spoke.set()
        self._heard_a_turn.set()

    def _hear(self, frame: bytes) -> None:
        self.heard += frame
        if np.abs(np.frombuffer(frame, "<i2")).max(initial=0) > _LOUD:
            self._is_speaking = True
            self._quiet_frames = 0
            self._agent_spoke.set()
            return
        self._quiet_frames += 1
        if self._is_speaking and self._quiet_frames >= QUIET_FRAMES:
            self._is_speaking = False
            self._heard_a_turn.set()
