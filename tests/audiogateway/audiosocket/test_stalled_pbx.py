"""How long a PBX may read nothing is a matter of time, whatever a second of sound weighs."""

import asyncio
import socket

import pytest

from audiogateway.audiosocket.codec import encode_call_id
from audiogateway.audiosocket.server import UNREAD_MS, AudioSocketServer
from audiogateway.line_format import NARROW_BAND, WIDE_BAND, AgentSound
from audiogateway.playout import FRAME_MS
from tests.audiogateway.audiosocket.test_server import CALL_ID, Talk, line_of, server, talk

__all__ = ["server", "talk"]

SMALLEST_WINDOW_BYTES = 2_304
"""So that the kernel of the other end takes as little as it can."""
KERNELS_MS = 6_000
"""What the kernels of both ends may hold beside."""


@pytest.mark.parametrize("sound", [NARROW_BAND, WIDE_BAND], ids=["narrow band", "wide band"])
async def test_a_pbx_that_stalls_for_two_seconds_keeps_its_call_and_loses_it_soon_after(
    server: AudioSocketServer, talk: Talk, sound: AgentSound
) -> None:
    address = await server.listen("127.0.0.1", 0)
    with socket.socket() as pbx:
        pbx.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALLEST_WINDOW_BYTES)
        pbx.setblocking(False)
        await asyncio.get_running_loop().sock_connect(pbx, address)
        await asyncio.get_running_loop().sock_sendall(pbx, encode_call_id(CALL_ID))
        line = await line_of(talk)
        unread_ms = 0
        while not talk.closed:
            line.write(sound.message(None))
            unread_ms += FRAME_MS
            await asyncio.sleep(0)
    assert talk.closed == ["audiosocket_not_read"]
    assert UNREAD_MS <= unread_ms < UNREAD_MS + KERNELS_MS
