"""The AudioSocket application without a network: a transport that only remembers."""

import asyncio
import uuid
from typing import Any

import pytest

from sandbox.pbx.callee import FRAME_BYTES, SILENCE, Callee, tone
from sandbox.pbx.leg import INACTIVITY_TICKS, AudioLeg, JitterBuffer, LegEnd
from sandbox.script import Beep, HangUp, Script, Vanish, Wait

FRAME = b"\x10\x01\x40" + b"\x01" * FRAME_BYTES


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.unsent_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.unsent_bytes


def connected(script: Script = Script(), **telephone: Any) -> tuple[AudioLeg, Wire]:  # noqa: B008 - frozen
    leg, wire = AudioLeg(uuid.uuid4(), Callee(script, lambda _: False), **telephone), Wire()
    leg.connection_made(wire)
    return leg, wire


async def test_every_tick_sends_one_frame_after_the_id() -> None:
    leg, wire = connected()
    for _ in range(3):
        leg.tick()
    assert [len(message) for message in wire.written] == [19, 323, 323, 323]


async def test_silence_in_both_directions_ends_it_after_two_seconds() -> None:
    leg, wire = connected(sends_audio=False)
    for _ in range(INACTIVITY_TICKS - 1):
        leg.tick()
    leg.data_received(FRAME)
    for _ in range(INACTIVITY_TICKS - 1):
        leg.tick()
    assert not leg.ended.done()
    leg.tick()
    assert leg.ended.result() is LegEnd.FAILED
    assert len(wire.written) == 1


async def test_a_line_without_packets_is_given_up_however_much_the_gateway_says() -> None:
    leg, wire = connected(Script(on_answer=(Wait(60), Vanish())), line_timeout_ms=1000)
    for _ in range(3 + 49):
        leg.data_received(FRAME)
        leg.tick()
    assert not leg.ended.done()
    leg.tick()
    assert leg.ended.result() is LegEnd.LINE_DEAD
    assert len(wire.written) == 1 + 3


async def test_lost_packets_are_gone_and_the_talk_goes_on_after_them() -> None:
    leg, wire = connected(Script(on_answer=(Beep(duration_ms=100),)))
    leg.lose_packets(60)
    for _ in range(5):
        leg.tick()
    assert [message[3:] for message in wire.written[1:]] == list(tone((1000,), 100)[3:])


async def test_a_gateway_that_does_not_read_ends_it() -> None:
    leg, wire = connected()
    leg.tick()
    wire.unsent_bytes = 5000
    leg.tick()
    assert leg.ended.result() is LegEnd.FAILED


async def test_a_person_who_hangs_up_ends_it() -> None:
    leg, _ = connected(Script(on_answer=(Wait(20), HangUp())))
    leg.tick()
    leg.tick()
    assert leg.ended.result() is LegEnd.CALLEE_HUNG_UP


@pytest.mark.parametrize(
    ("received", "end"),
    [
        (b"\x00\x00\x00", LegEnd.GATEWAY_DONE),
        (b"\x02\x00\x00", LegEnd.FAILED),
        (FRAME + b"\x00\x00\x05", LegEnd.GATEWAY_DONE),
    ],
)
async def test_what_the_gateway_sends_can_end_it(received: bytes, end: LegEnd) -> None:
    leg, _ = connected()
    leg.data_received(received)
    assert leg.ended.result() is end


async def test_only_the_first_end_counts() -> None:
    leg, wire = connected()
    leg.eof_received()
    leg.data_received(b"\xff\xff\xff")
    leg.connection_lost(ConnectionResetError())
    leg.tick()
    assert leg.ended.result() is LegEnd.GATEWAY_DONE
    assert len(wire.written) == 1


async def test_a_reset_connection_is_a_failure() -> None:
    leg, _ = connected()
    leg.connection_lost(ConnectionResetError())
    assert leg.ended.result() is LegEnd.FAILED


def test_the_jitter_buffer_waits_plays_and_runs_dry() -> None:
    buffer = JitterBuffer()
    buffer.push(b"ab" * 320)
    assert buffer.pop() is SILENCE
    buffer.push(b"ab" * 160)
    assert [buffer.pop() for _ in range(4)] == [b"ab" * 160] * 3 + [SILENCE]


def test_the_jitter_buffer_drops_what_piles_up() -> None:
    buffer = JitterBuffer()
    for number in range(100):
        buffer.push(bytes([number]) * FRAME_BYTES)
    assert buffer.pop() == bytes([85]) * FRAME_BYTES
