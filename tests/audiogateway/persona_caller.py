"""A persona of the sandbox as the callee of a whole talk: its script acts, this carries its sound in real time."""

import asyncio
from collections import deque
from uuid import UUID

from audiogateway.audiosocket.codec import encode_audio, encode_call_id
from sandbox.pbx.callee import SILENCE, Callee
from sandbox.personas import persona_for
from sandbox.speech.phrases import GOODBYE
from sandbox.speech.recognize import Recognizer
from tests.audiogateway.caller import FRAME_SECONDS, Caller


class PersonaCaller(Caller):
    """The connection is closed when the script hangs up. Without `sends_silence` nothing is sent while it is silent."""

    def __init__(
        self, callee: Callee, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, sends_silence: bool
    ) -> None:
        super().__init__(reader, writer)
        self._callee = callee
        self._sends_silence = sends_silence
        self._unheard: deque[bytes] = deque()

    async def _speak(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._callee.has_hung_up:
            frame = self._callee.tick(self._unheard.popleft() if self._unheard else SILENCE)
            if self._sends_silence or (frame is not None and frame is not SILENCE):
                self._writer.write(encode_audio(frame or SILENCE))
            due += FRAME_SECONDS
            await asyncio.sleep(due - loop.time())
        self.hang_up()

    def _hear(self, frame: bytes) -> None:
        super()._hear(frame)
        self._unheard.append(frame)


class PersonaTelephone:
    """Rings at the persona with this number."""

    def __init__(self, number: int) -> None:
        persona = persona_for(f"+120255501{number:02}")
        assert persona is not None
        self.sends_silence = persona.sends_audio
        ear = Recognizer([GOODBYE], voice="agent")
        self._callee = Callee(persona.script, lambda sound: ear.ends_with(sound) is not None, persona.echo)

    async def call(self, address: tuple[str, int], call_id: UUID) -> PersonaCaller:
        caller = PersonaCaller(self._callee, *await asyncio.open_connection(*address), sends_silence=self.sends_silence)
        caller._writer.write(encode_call_id(call_id))
        return caller

    def press(self, keys: str) -> None:
        """The persona hears keys that were pressed at the PBX."""
        for key in keys:
            self._callee.press(key)
