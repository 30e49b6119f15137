"""The two peers of the PBX, as small as can be: a scripted AMI client and a gateway that listens and speaks.

Neither uses the codecs under test.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

PATIENCE_S = 20
SILENT_FRAME = b"\x10\x01\x40" + bytes(320)

Message = dict[str, str]


class AmiClient:
    """Sends actions and waits for messages; keeps those that nobody has waited for yet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.seen: list[Message] = []
        self._records: list[list[Message]] = []

    def record(self) -> list[Message]:
        """Everything from now on, in the order of its arrival."""
        self._records.append([])
        return self._records[-1]

    def send(self, *pairs: tuple[str, str], **headers: str) -> None:
        lines = [f"{key}: {value}" for key, value in (*headers.items(), *pairs)]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def next(self) -> Message:
        """The next message on the wire. Raises EOFError at the end of the connection."""
        async with asyncio.timeout(PATIENCE_S):
            block = await self.reader.readuntil(b"\r\n\r\n")
        message = dict(line.split(": ", 1) for line in block.decode().split("\r\n") if line)
        for record in self._records:
            record.append(message)
        return message

    async def until(self, **wanted: str) -> Message:
        """The first message, seen or to come, that has these headers; it is then no longer kept."""
        for message in self.seen:
            if wanted.items() <= message.items():
                self.seen.remove(message)
                return message
        while True:
            message = await self.next()
            if wanted.items() <= message.items():
                return message
            self.seen.append(message)

    async def ask(self, action: str, *pairs: tuple[str, str], **headers: str) -> Message:
        """Send an action and wait for its response."""
        self.send(*pairs, Action=action, ActionID=f"ask-{action}", **headers)
        while True:
            message = await self.until(ActionID=f"ask-{action}")
            if "Response" in message:
                return message

    async def through(self, **wanted: str) -> list[Message]:
        """All messages up to and including the first that has these headers."""
        messages, self.seen = self.seen, []
        while not (messages and wanted.items() <= messages[-1].items()):
            messages.append(await self.next())
        return messages


@contextlib.asynccontextmanager
async def ami(
    port: int, *, username: str = "opendeep", secret: str = "s3cret", sees_all: bool = True
) -> AsyncIterator[AmiClient]:
    """A connection that is logged in. Unless its account `sees_all`, its first event may be anything."""
    async with plain(port) as client:
        assert (await client.ask("Login", Username=username, Secret=secret))["Response"] == "Success"
        if sees_all:
            await client.until(Event="FullyBooted")
        yield client


@contextlib.asynccontextmanager
async def plain(port: int) -> AsyncIterator[AmiClient]:
    """A connection that has read the banner."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        assert (await reader.readline()).startswith(b"Asterisk Call Manager/")
        yield AmiClient(reader, writer)
    finally:
        writer.close()


@dataclass
class Talk:
    """One AudioSocket connection as the gateway sees it."""

    call_id: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    digits: str = ""
    heard: bytearray = field(default_factory=bytearray)

    async def receive(self) -> bool:
        """Take one message; false at the end of the connection."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                kind, length = struct.unpack(">BH", await self.reader.readexactly(3))
                payload = await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return False
        if kind == 0x10:
            self.heard += payload
        elif kind == 0x03:
            self.digits += payload.decode()
        return True

    async def listen(self, duration_ms: int) -> bytes:
        """Keep the line open with silence for so many milliseconds of the callee's sound; gives that sound."""
        return await self.speak(bytes(duration_ms * 16))

    async def speak(self, pcm: bytes, *, kind: int = 0x10, frame_bytes: int = 320) -> bytes:
        """Send sound, one frame for each that arrives; gives what was heard meanwhile."""
        begin = len(self.heard)
        for at in range(0, len(pcm), frame_bytes):
            self.write(pcm[at : at + frame_bytes].ljust(frame_bytes, b"\0"), kind=kind)
            if not await self.receive():
                break
        return bytes(self.heard[begin:])

    def write(self, frame: bytes, *, kind: int = 0x10) -> None:
        self.writer.write(struct.pack(">BH", kind, len(frame)) + frame)

    async def drain(self) -> None:
        """Read to the end of the connection."""
        while await self.receive():
            pass


class Gateway:
    """Accepts AudioSocket; every connection waits in `talks` until a test takes it."""

    def __init__(self) -> None:
        self.talks: asyncio.Queue[Talk] = asyncio.Queue()
        self.address = ""
        self._writers: list[asyncio.StreamWriter] = []

    async def accept(self) -> Talk:
        async with asyncio.timeout(PATIENCE_S):
            return await self.talks.get()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        first = await reader.readexactly(19)
        assert first[:3] == b"\x01\x00\x10"
        await self.talks.put(Talk(first[3:].hex(), reader, writer))

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Gateway"]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            for writer in self._writers:
                writer.close()
            server.close()
