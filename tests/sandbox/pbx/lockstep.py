"""A PBX whose time passes only when the test says so, frame by frame."""

import asyncio

from sandbox.pbx.callee import TICK_MS
from sandbox.pbx.clock import Clock
from tests.sandbox.pbx.wire import Talk

PATIENCE_S = 1.0
"""A frame that takes longer to arrive was not sent: the line is dead, and of a dead line not much is expected."""
PATIENCE_WITH_A_DEAD_LINE_S = 0.0005
SPEED = 20
"""Of what no frame is waited for: ringing, picking up."""


class LockstepClock(Clock):
    """Ticks when it is told to. `ticks` counts them."""

    def __init__(self) -> None:
        super().__init__(SPEED)
        self.ticks = 0

    def now_s(self) -> float:
        return self.ticks * TICK_MS / 1000

    async def run(self) -> None:
        await asyncio.Event().wait()

    def tick(self) -> None:
        self.ticks += 1
        self._tick()


class LockstepTalk:
    """A gateway's end of a call that moves the clock by one tick for every frame that it sends and hears."""

    def __init__(self, talk: Talk, clock: LockstepClock) -> None:
        self.talk = talk
        self._clock = clock
        self._patience_s = PATIENCE_S

    async def exchange(self, frame: bytes) -> bytes | None:
        """Send 20 ms, hear 20 ms or nothing at all; None at the end of the connection."""
        begin = len(self.talk.heard)
        self.talk.write(frame)
        self._clock.tick()
        try:
            async with asyncio.timeout(self._patience_s):
                while len(self.talk.heard) == begin:
                    if not await self.talk.receive():
                        return None
            self._patience_s = PATIENCE_S
        except TimeoutError:
            self._patience_s = PATIENCE_WITH_A_DEAD_LINE_S
        return bytes(self.talk.heard[begin:])

    async def listen(self, duration_ms: int) -> bytes:
        """Be silent for so long, or to the end of the call; gives what the callee said."""
        return await self.speak(bytes(duration_ms * 16))

    async def speak(self, pcm: bytes) -> bytes:
        """Say it, or as much as there is time for; gives what the callee said meanwhile."""
        heard = bytearray()
        for at in range(0, len(pcm), 320):
            frame = await self.exchange(pcm[at : at + 320].ljust(320, b"\0"))
            if frame is None:
                break
            heard += frame
        return bytes(heard)
