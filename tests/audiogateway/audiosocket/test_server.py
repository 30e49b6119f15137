"""The AudioSocket port, over loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from uuid import UUID, uuid4

import pytest

from audiogateway.audiosocket import server as server_module
from audiogateway.audiosocket.codec import HANGUP_MESSAGE, encode_audio, encode_call_id, encode_digit
from audiogateway.audiosocket.server import AudioSocketConnection, AudioSocketServer, Line, LineListener

CALL_ID = UUID("5b4ae6a2-0000-4000-8000-000000000001")
FRAME = bytes(range(160)) * 2


class Talk:
    """Expects one call, once; keeps what it hears."""

    def __init__(self) -> None:
        self.line: Line | None = None
        self.heard = bytearray()
        self.digits = ""
        self.rates: list[int] = []
        self.closed: list[str] = []
        self.news = asyncio.Event()

    def answer(self, call_id: UUID, line: Line) -> LineListener | None:
        if call_id != CALL_ID or self.line is not None:
            return None
        self.line = line
        self.news.set()
        return self

    def on_audio(self, samples: bytes) -> None:
        self.heard += samples
        self.news.set()

    def on_line_rate(self, rate_hz: int) -> None:
        self.rates.append(rate_hz)

    def on_digit(self, digit: str) -> None:
        self.digits += digit
        self.news.set()

    def on_line_closed(self, reason: str) -> None:
        self.closed.append(reason)
        self.news.set()

    async def until(self, what: Callable[[], object]) -> None:
        while not what():
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 5)


class Pbx:
    """The other end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def is_closed_on(self) -> bool:
        """Whether the server closes the connection, without a word or after its last ones."""
        with suppress(ConnectionResetError):
            await asyncio.wait_for(self.reader.read(), 5)
        return True

    async def close(self) -> None:
        self.writer.transport.abort()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


Connect = Callable[..., Awaitable[Pbx]]


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
async def server(talk: Talk) -> AsyncIterator[AudioSocketServer]:
    server = AudioSocketServer(talk.answer)
    yield server
    await server.close()


@pytest.fixture
async def connect(server: AudioSocketServer) -> AsyncIterator[Connect]:
    """Opens connections to the server, the first bytes sent."""
    address = await server.listen("127.0.0.1", 0)
    opened: list[Pbx] = []

    async def connect(first: bytes = b"") -> Pbx:
        pbx = Pbx(*await asyncio.open_connection(*address))
        opened.append(pbx)
        pbx.writer.write(first)
        return pbx

    yield connect
    for pbx in opened:
        await pbx.close()


async def line_of(talk: Talk) -> Line:
    await talk.until(lambda: talk.line)
    assert talk.line is not None
    return talk.line


async def test_a_line_carries_sound_and_keys_both_ways(connect: Connect, talk: Talk) -> None:
    pbx = await connect(encode_call_id(CALL_ID) + encode_audio(FRAME) + encode_digit("7"))
    line = await line_of(talk)
    await talk.until(lambda: talk.digits)
    assert (bytes(talk.heard), talk.digits) == (FRAME, "7")
    line.write(encode_audio(FRAME))
    assert await pbx.reader.readexactly(323) == encode_audio(FRAME)


async def test_small_messages_are_sent_at_once(connect: Connect, talk: Talk) -> None:
    await connect(encode_call_id(CALL_ID))
    line = await line_of(talk)
    assert isinstance(line, AudioSocketConnection)
    assert line._transport is not None
    sock = line._transport.get_extra_info("socket")
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


async def test_the_end_of_the_connection_is_told_once(connect: Connect, talk: Talk) -> None:
    pbx = await connect(encode_call_id(CALL_ID))
    await pbx.close()
    await talk.until(lambda: talk.closed)
    assert talk.closed == ["closed by the PBX"]


async def test_a_pbx_that_closes_without_reading_has_hung_up(connect: Connect, talk: Talk) -> None:
    pbx = await connect(encode_call_id(CALL_ID))
    line = await line_of(talk)
    line.write(encode_audio(FRAME))
    pbx.writer.transport.abort()
    await talk.until(lambda: talk.closed)
    assert talk.closed == ["closed by the PBX"]


async def test_hanging_up_sends_kind_0_and_closes(connect: Connect, talk: Talk) -> None:
    pbx = await connect(encode_call_id(CALL_ID))
    line = await line_of(talk)
    line.hang_up()
    line.hang_up()
    assert await pbx.reader.read() == HANGUP_MESSAGE
    await pbx.close()
    await talk.until(lambda: talk.closed)
    assert talk.closed == ["hung up by the gateway"]


@pytest.mark.parametrize(
    "first",
    [
        encode_call_id(uuid4()),
        encode_audio(FRAME),
        encode_digit("1"),
        HANGUP_MESSAGE,
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x01\x00\x05hello",
    ],
    ids=["unknown id", "sound first", "key first", "hangup first", "HTTP", "short id"],
)
async def test_whoever_does_not_begin_with_an_expected_id_is_closed_at_once(
    connect: Connect, talk: Talk, first: bytes
) -> None:
    pbx = await connect(first)
    assert await pbx.is_closed_on()
    assert talk.line is None


async def test_an_id_is_good_for_one_connection(connect: Connect, talk: Talk) -> None:
    await connect(encode_call_id(CALL_ID))
    await line_of(talk)
    second = await connect(encode_call_id(CALL_ID))
    assert await second.is_closed_on()
    assert talk.closed == []


@pytest.mark.parametrize(
    "bad",
    [encode_call_id(CALL_ID), HANGUP_MESSAGE, b"\x12\x00\x02ab", b"\xff\x00\x01\x04", b"\x10\x00\x00"],
    ids=["second id", "hangup", "another rate", "error", "no sample"],
)
async def test_a_line_that_breaks_the_rules_is_closed(connect: Connect, talk: Talk, bad: bytes) -> None:
    pbx = await connect(encode_call_id(CALL_ID) + bad)
    assert await pbx.is_closed_on()
    assert len(talk.closed) == 1


async def test_whoever_says_nothing_is_closed_after_the_deadline(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "CALL_ID_SECONDS", 0.0)
    pbx = await connect()
    assert await pbx.is_closed_on()


async def test_half_an_id_does_not_stop_the_deadline(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "CALL_ID_SECONDS", 0.05)
    pbx = await connect(encode_call_id(CALL_ID)[:10])
    assert await pbx.is_closed_on()


async def test_closing_the_server_hangs_up_what_is_left(
    server: AudioSocketServer, connect: Connect, talk: Talk
) -> None:
    pbx = await connect(encode_call_id(CALL_ID))
    await line_of(talk)
    await server.close()
    assert await pbx.reader.read() == HANGUP_MESSAGE


async def test_the_log_does_not_tell_the_whole_id(
    connect: Connect, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    secret = uuid4()
    pbx = await connect(encode_call_id(secret))
    await pbx.is_closed_on()
    assert str(secret)[:8] in caplog.text
    assert str(secret) not in caplog.text
