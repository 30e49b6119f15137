"""A dialogue with everything around it in memory. Nothing here waits: time passes when a frame is played."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from audiogateway.asking import OwnersWord
from audiogateway.audio.g711 import ulaw_to_linear
from audiogateway.callee_speech import EARS
from audiogateway.dialogue import Dialogue
from audiogateway.line_format import LineFormat
from audiogateway.onset_gate import ONSET_GATE_MS
from audiogateway.phone_menu import PhoneMenu
from audiogateway.playout import FRAME_MS
from audiogateway.realtime import events
from audiogateway.surroundings import Models
from audiogateway.tool_calls import ToolCalls
from audiogateway.tools.base import Desk
from tests.audiogateway.fakes import CALL_ID, NOW, MemoryStore, RecordingVoice, ScriptedBus, Spawned, talk_order

FRAME = 160
SILENT_FRAME = bytes(320)
VOICED_FRAME = (3000).to_bytes(2, "little") * 160
"""-21 dBFS."""
DETECTION_MS = 60
"""So long the server listens before it says that somebody speaks."""
END_OF_TURN_MS = EARS.silence_duration_ms


def syllable(at_ms: int) -> bytes:
    """20 ms of a voice, which rises and falls as voices do."""
    levels = (9000, 9000, 3000, 3000, 500, 500, 5000, 400)
    return levels[at_ms // FRAME_MS % len(levels)].to_bytes(2, "little") * 160


class Echo:
    """A telephone that gives back what it plays, 140 ms later and 20 dB quieter."""

    DELAY_FRAMES = 7
    LOSS = 10.0

    def __init__(self) -> None:
        self._on_its_way = deque([bytes(320)] * self.DELAY_FRAMES)

    def mixed(self, played: bytes | None, callee: bytes) -> bytes:
        self._on_its_way.append(SILENT_FRAME if played is None else ulaw_to_linear(played))
        returned = np.frombuffer(self._on_its_way.popleft(), "<i2") / self.LOSS
        mixed = returned + np.frombuffer(callee, "<i2")
        return bytes(mixed.clip(-32768, 32767).astype("<i2").tobytes())


class AskedVoice(RecordingVoice):
    """Counts the responses that were asked for and have not begun."""

    outstanding = 0

    def send(self, event: bytes) -> None:
        super().send(event)
        self.outstanding += self.sent[-1]["type"] == "response.create"


class Talk:
    """A dialogue whose clock is the playout: `play` lets frames leave, one per 20 ms."""

    def __init__(self, *, agent_begins: bool = False, onset_gate_ms: int = ONSET_GATE_MS) -> None:
        self.voice, self.store, self.spawned = AskedVoice(), MemoryStore(), Spawned()
        self.ms = 0
        self.sent_ms = 0
        self.callee = self.silence = SILENT_FRAME
        self.sends_sound = True
        self.echo: Echo | None = None
        self.ended: list[str] = []
        self.owner: asyncio.Future[OwnersWord] | None = None
        self.dialogue = Dialogue(
            CALL_ID,
            agent_begins=agent_begins,
            models=Models("gpt-realtime-2.1", "gpt-transcribe", "marin"),
            line_format=LineFormat(),
            onset_gate_ms=onset_gate_ms,
            store=self.store,
            now=lambda: NOW,
            now_ms=lambda: self.ms,
            tools=self._tools,
        )
        self.dialogue.voice_is_open(self.voice)

    def _tools(self, send: Callable[[bytes], None], ask: Callable[[], None]) -> ToolCalls:
        return ToolCalls(
            lambda command_id: Desk(
                talk_order(), self, PhoneMenu(), self.store, ScriptedBus(), lambda: NOW, command_id, self
            ),
            self.spawned,
            send,
            ask,
        )

    def end_after_last_words(self, cause: str) -> None:
        self.ended.append(cause)
        self.dialogue.close()

    def heard_texts(self) -> list[str]:
        return self.dialogue.heard_texts()

    def keys_were_pressed(self) -> None:
        self.dialogue.conduct.keys_were_pressed()

    def transfer_after_last_words(self, reason: str, command_id: str) -> None:
        self.dialogue.close()

    def voicemail_answered(self, *, leave_message: bool) -> bool:
        self.dialogue.conduct.wait_for_beep()
        return False

    async def ask(self, command_id: str, text: str, *, say_meanwhile: str, seconds: int) -> OwnersWord:
        self.dialogue.speak(say_meanwhile)
        self.owner = asyncio.get_running_loop().create_future()
        return await self.owner

    def play(self, ms: int) -> int:
        """Lets so much time pass on the line. Returns how many frames were no silence."""
        sounding = 0
        for _ in range(ms // FRAME_MS):
            frame = self.dialogue.take_frame()
            sounding += frame is not None
            if self.sends_sound:
                heard = syllable(self.sent_ms) if self.callee is VOICED_FRAME else self.callee
                self.dialogue.hear(heard if self.echo is None else self.echo.mixed(frame, heard))
                self.sent_ms += FRAME_MS
            self.ms += FRAME_MS
            self.dialogue.on_time(self.ms)
        return sounding

    def tell(self, *told: events.Event) -> None:
        """The server tells. A response that begins was asked for: if not in the test's own story, then here."""
        for event in told:
            if isinstance(event, events.ResponseCreated) and not self.voice.outstanding:
                self.dialogue.speak()
                self.voice.sent.pop()
            self.tell_unasked(event)

    def tell_unasked(self, *told: events.Event) -> None:
        for event in told:
            self.voice.outstanding -= isinstance(event, events.ResponseCreated)
            self.dialogue.on_event(event)

    def agent_answers(self, response: str, item: str, text: str, ms: int, *, after: str | None = None) -> None:
        """The model sends a whole answer faster than it is played."""
        self.agent_sounds(response, item, text, sound(ms), after=after)

    def agent_sounds(self, response: str, item: str, text: str, audio: bytes, *, after: str | None = None) -> None:
        self.tell(
            events.ResponseCreated(response),
            events.ItemAdded(item, after, "assistant"),
            events.AgentAudio(response, item, audio),
            events.AgentTranscript(item, text),
            events.AgentAudioDone(response, item),
            events.ResponseDone(response, "completed", "", ""),
        )

    def callee_begins(self, item: str, *, sound: bytes = VOICED_FRAME) -> None:
        """The callee speaks from now on, and the server says so as soon as it has noticed."""
        began_ms = self.sent_ms
        self.callee = sound
        self.play(DETECTION_MS)
        self.tell(events.SpeechStarted(item, max(began_ms - EARS.prefix_padding_ms, 0)))

    def callee_begins_again(self) -> None:
        """After less silence than ends a turn: to the server it is the same speech."""
        self.callee = VOICED_FRAME

    def callee_ends(self, item: str, *, after: str | None = None) -> None:
        """The callee is silent from now on, and the server says so when it is sure."""
        self.callee = self.silence
        self.play(END_OF_TURN_MS)
        self.tell(
            events.SpeechStopped(item, self.sent_ms),
            events.AudioCommitted(item, after),
            events.ItemAdded(item, after, "user"),
        )

    def callee_says(self, item: str, text: str, *, ms: int = 1000, after: str | None = None) -> None:
        self.callee_begins(item)
        self.play(ms - DETECTION_MS)
        self.callee_ends(item, after=after)
        self.tell(events.CalleeTranscript(item, text))

    def sent(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.voice.sent if event["type"] == kind]


def sound(ms: int) -> bytes:
    return bytes([1]) * (ms * FRAME // FRAME_MS)
