"""Whatever order things happen in: a server that keeps to the protocol, a callee and a clock that do as they please.

Never are two responses asked for at once, never is a cancelled one heard, and the agent is never silent for ever.
"""

import asyncio
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from audiogateway.callee_speech import EARS
from audiogateway.playout import FRAME_MS
from audiogateway.realtime import events
from audiogateway.responses import PATIENCE_MS
from tests.audiogateway.scripted_talk import FRAME, SILENT_FRAME, VOICED_FRAME, Talk, syllable

QUIET_FRAME = (60).to_bytes(2, "little") * 160
DUTY_MS = PATIENCE_MS // 2
ANSWER_MS = PATIENCE_MS + 5_000
"""Longer than everything that may be waited for before an answer is asked for again."""


class World:
    """The server's state is that of the protocol; what it tells is heard at once."""

    def __init__(self, *, agent_begins: bool) -> None:
        self.talk = Talk(agent_begins=agent_begins)
        self.pending: str | None = None
        self.active: str | None = None
        self.responses = self.items = self.speeches = 0
        self.cancelled: set[str] = set()
        self.heard: list[int] = []
        self.speaks_since: int | None = None
        self.waited_ms = 0
        self.read()

    # The server

    def read(self) -> None:
        """What the gateway has sent."""
        for event in self.talk.voice.take():
            if event["type"] == "response.create":
                assert self.pending is None and self.active is None, "two responses were asked for"
                self.pending = event["event_id"]
            elif event["type"] == "response.cancel":
                self.cancelled.add(event["response_id"])

    def tell(self, *told: events.Event) -> None:
        self.talk.tell_unasked(*told)
        self.read()

    def begins(self) -> None:
        if self.pending is not None:
            self.responses += 1
            self.pending, self.active = None, f"r{self.responses}"
            self.tell(events.ResponseCreated(self.active))

    def refuses(self) -> None:
        if self.pending is not None:
            event_id, self.pending = self.pending, None
            self.tell(events.ServerError("server_error", "Try again.", event_id))

    def speaks(self) -> None:
        """Half a second, in the voice of this response."""
        if self.active is not None:
            sound = bytes([self.responses % 200 + 1]) * (25 * FRAME)
            self.tell(events.AgentAudio(self.active, f"a{self.responses}_{self.items}", sound))

    def next_item(self) -> None:
        if self.active is not None:
            self.tell(events.AgentAudioDone(self.active, f"a{self.responses}_{self.items}"))
            self.items += 1

    def calls_tool(self) -> None:
        if self.active is not None:
            call = events.ToolCalled(self.active, "t", f"call_{self.active}", "mark_do_not_call", '{"reason": "x"}')
            self.tell(call, call)

    def ends(self) -> None:
        if self.active is not None:
            response, self.active = self.active, None
            status = "cancelled" if response in self.cancelled else "completed"
            self.tell(events.ResponseDone(response, status, "", ""))

    def fails(self) -> None:
        if self.active is not None and self.active not in self.cancelled:
            response, self.active = self.active, None
            self.tell(events.ResponseDone(response, "failed", "", "server_error"))

    # The callee

    def voice(self) -> None:
        self._speech_begins(VOICED_FRAME)

    def noise(self) -> None:
        self._speech_begins(QUIET_FRAME)

    def _speech_begins(self, sound: bytes) -> None:
        self.talk.callee = sound
        self.plays(60)
        if self.speaks_since is None:
            self.speeches += 1
            self.speaks_since = self.talk.sent_ms - 60
            began_ms = max(self.speaks_since - EARS.prefix_padding_ms, 0)
            self.tell(events.SpeechStarted(f"u{self.speeches}", began_ms))

    def falls_silent(self) -> None:
        self.talk.callee = SILENT_FRAME
        self.plays(EARS.silence_duration_ms)
        if self.speaks_since is not None:
            self.speaks_since = None
            item = f"u{self.speeches}"
            self.tell(events.SpeechStopped(item, self.talk.sent_ms), events.AudioCommitted(item, None))
            self.tell(events.CalleeTranscript(item, "Well."))

    # Time

    def plays(self, ms: int) -> None:
        for _ in range(ms // FRAME_MS):
            frame = self.talk.dialogue.take_frame()
            if frame is not None:
                self.heard.append(frame[0] - 1)
                assert f"r{frame[0] - 1}" not in self.cancelled, "a cancelled response is heard"
            heard = syllable(self.talk.sent_ms) if self.talk.callee is VOICED_FRAME else self.talk.callee
            self.talk.dialogue.hear(heard)
            self.talk.sent_ms += FRAME_MS
            self.talk.ms += FRAME_MS
            if self.talk.ms % 100 == 0:
                self.talk.dialogue.on_time(self.talk.ms)
                self._hurry()
            self.read()

    def _hurry(self) -> None:
        """No server takes for ever to begin or to end a response."""
        is_waited_for = self.pending is not None or self.active in self.cancelled
        self.waited_ms = self.waited_ms + 100 if is_waited_for else 0
        if self.waited_ms >= DUTY_MS:
            self.begins()
            if self.active in self.cancelled:
                self.ends()

    def a_frame(self) -> None:
        self.plays(FRAME_MS)

    def a_moment(self) -> None:
        self.plays(300)

    def a_while(self) -> None:
        self.plays(2_000)

    async def settle(self, ms: int) -> None:
        """From here on the server does its duty, and the callee waits."""
        for _ in range(ms // 100):
            for duty in (self.begins, self.speaks, self.ends):
                duty()
                await self.talk.spawned.finished()
                self.read()
            self.plays(100)

    async def is_calm_within(self, ms: int) -> bool:
        """All that was received has been heard, and nothing more is prepared."""
        for _ in range(ms // 100):
            if self.talk.dialogue.last_words_were_heard:
                return True
            await self.settle(100)
        return False


STEPS: tuple[Callable[[World], None], ...] = (
    World.begins,
    World.refuses,
    World.speaks,
    World.next_item,
    World.calls_tool,
    World.ends,
    World.fails,
    World.voice,
    World.noise,
    World.falls_silent,
    World.a_frame,
    World.a_moment,
    World.a_while,
)


async def live_through(steps: list[Callable[[World], None]], *, agent_begins: bool) -> None:
    world = World(agent_begins=agent_begins)
    for step in steps:
        step(world)
        await world.talk.spawned.finished()
        world.read()
    if world.talk.dialogue.failures.has_given_up or world.talk.dialogue.is_abandoned:
        return  # the call ends
    world.falls_silent()
    await world.settle(ANSWER_MS)
    assert await world.is_calm_within(3_000), "something that was said is kept back"
    world.voice()
    world.plays(1_000)
    world.falls_silent()
    asked = world.responses
    await world.settle(ANSWER_MS)
    assert world.responses > asked, "a turn of the callee was not answered"
    assert world.heard[-1] > asked, "the answer was not heard"


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=40), agent_begins=st.booleans())
def test_in_any_order_of_events_the_agent_answers_once_and_is_never_silent_for_ever(
    steps: list[Callable[[World], None]], agent_begins: bool
) -> None:
    asyncio.run(live_through(steps, agent_begins=agent_begins))
