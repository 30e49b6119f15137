"""What peers do to the AudioSocket port that are no PBX, or a broken one; the server and its sockets are real."""

import asyncio
from uuid import UUID, uuid4

import pytest

from audiogateway.audiosocket.codec import Kind, encode_audio, encode_call_id, encode_digit
from audiogateway.audiosocket.server import MAX_UNNAMED, AudioSocketServer, Line, LineListener
from tests.audiogateway.audiosocket.test_server import CALL_ID, FRAME, Connect, Talk, connect, line_of, server, talk

__all__ = ["connect", "server", "talk"]

OTHER_CALL_ID = UUID("5b4ae6a2-0000-4000-8000-000000000002")
A_MINUTE = 60 * 50
UNREAD_SECONDS = 12.0
"""What the kernels of both ends and the gateway hold for a peer that does not read."""


async def test_thousands_of_idle_connections_leave_room_for_the_call_that_names_itself(
    server: AudioSocketServer, connect: Connect, talk: Talk
) -> None:
    idle = [await connect() for _ in range(4 * MAX_UNNAMED)]
    await connect(encode_call_id(CALL_ID))
    await line_of(talk)
    assert server.open_connections <= MAX_UNNAMED + 1
    assert await idle[0].is_closed_on()


async def test_a_call_goes_on_while_others_come_and_go(server: AudioSocketServer, connect: Connect, talk: Talk) -> None:
    pbx = await connect(encode_call_id(CALL_ID))
    line = await line_of(talk)
    for _ in range(2 * MAX_UNNAMED):
        await connect()
    line.write(encode_audio(FRAME))
    assert await pbx.reader.readexactly(323) == encode_audio(FRAME)
    assert talk.closed == []


async def test_a_peer_that_sends_as_fast_as_it_can_is_closed(connect: Connect, talk: Talk) -> None:
    pbx = await connect(encode_call_id(CALL_ID))
    await line_of(talk)
    pbx.writer.write(encode_audio(FRAME) * A_MINUTE)
    await talk.until(lambda: talk.closed)
    assert talk.closed == ["audiosocket_flooded"]
    assert len(talk.heard) < 6 * 16_000


async def test_nobody_presses_a_thousand_keys_a_second(connect: Connect, talk: Talk) -> None:
    pbx = await connect(encode_call_id(CALL_ID))
    await line_of(talk)
    pbx.writer.write(encode_digit("5") * 1000)
    await talk.until(lambda: talk.closed)
    assert talk.closed == ["audiosocket_flooded"]
    assert len(talk.digits) < 200


async def test_a_peer_that_never_reads_is_closed_before_much_is_held_for_it(connect: Connect, talk: Talk) -> None:
    pbx = await connect(encode_call_id(CALL_ID))
    line = await line_of(talk)
    pbx.reader._transport.pause_reading()  # type: ignore[attr-defined]
    frames = 0
    while not talk.closed:
        line.write(encode_audio(FRAME))
        frames += 1
        await asyncio.sleep(0)
    assert talk.closed == ["audiosocket_not_read"]
    assert frames * 0.02 < UNREAD_SECONDS


@pytest.mark.parametrize("size", [1, 319, 321, 7681, 65_535])
async def test_half_samples_and_too_much_sound_end_the_call(connect: Connect, talk: Talk, size: int) -> None:
    await connect(encode_call_id(CALL_ID) + bytes([Kind.SLIN_8K]) + size.to_bytes(2, "big") + bytes(size))
    await talk.until(lambda: talk.closed)
    assert talk.closed == ["audiosocket_garbage"]
    assert talk.heard == b""


@pytest.mark.parametrize("size", [2, 160, 480, 960, 7680])
async def test_frames_of_other_lengths_than_20_ms_are_heard(connect: Connect, talk: Talk, size: int) -> None:
    await connect(encode_call_id(CALL_ID) + encode_audio(bytes(size)))
    await talk.until(lambda: len(talk.heard) == size)


class TwoTalks:
    """Expects two calls."""

    def __init__(self) -> None:
        self.by_id = {CALL_ID: Talk(), OTHER_CALL_ID: Talk()}

    def answer(self, call_id: UUID, line: Line) -> LineListener | None:
        talk = self.by_id.get(call_id)
        if talk is None or talk.line is not None:
            return None
        talk.line = line
        talk.news.set()
        return talk


async def test_what_one_line_does_is_nothing_to_another(server: AudioSocketServer, connect: Connect) -> None:
    talks = TwoTalks()
    server.answer = talks.answer
    good, bad = talks.by_id[CALL_ID], talks.by_id[OTHER_CALL_ID]
    pbx = await connect(encode_call_id(CALL_ID))
    other = await connect(encode_call_id(OTHER_CALL_ID))
    other.writer.write(encode_audio(FRAME) * A_MINUTE)
    for _ in range(50):
        pbx.writer.write(encode_audio(FRAME))
        await connect(b"\xf7" * 64)
        await connect(encode_call_id(uuid4()))
    await bad.until(lambda: bad.closed)
    await good.until(lambda: len(good.heard) == 50 * 320)
    assert good.closed == []
