"""What goes wrong at the PBX on demand, beyond logins and lost messages."""

import asyncio

from tests.sandbox.pbx.conftest import SPEED
from tests.sandbox.pbx.test_calls import originate
from tests.sandbox.pbx.wire import AmiClient, ami


async def test_a_connection_can_break_off_in_the_middle_of_a_message(pbx: int, client: AmiClient) -> None:
    async with ami(pbx) as other:
        await other.ask("SandboxFault", Fault="BreakOff")
        last = await client.reader.read()
    assert last.startswith(b"Event: Hangup\r\n")
    assert not last.endswith(b"\n")


async def test_garbage_comes_between_messages_that_are_whole(pbx: int, client: AmiClient) -> None:
    async with ami(pbx) as other:
        await other.ask("SandboxFault", Fault="Garbage")
        garbage = await client.reader.readuntil(b"\r\n\r\n")
        assert b"\xff" in garbage
        assert b": no key\r\n" in garbage
        assert max(map(len, garbage.split(b"\r\n"))) > 1024
        await other.ask("UserEvent", UserEvent="After")
        assert (await client.next())["UserEvent"] == "After"


async def test_messages_can_come_in_halves_and_lose_nothing(pbx: int, client: AmiClient) -> None:
    async with ami(pbx) as other:
        await other.ask("SandboxFault", Fault="HalfLines", Count="1", Seconds="4")
        for note in ("a", "b"):
            await other.ask("UserEvent", UserEvent="Half", Note=note)
        piece = await client.reader.read(10_000)
        assert not piece.endswith(b"\n")
        assert piece + await client.reader.readuntil(b"\r\n\r\n") == user_event("Half", "a")
        assert await client.reader.readuntil(b"\r\n\r\n") == user_event("Half", "b")


def user_event(name: str, note: str) -> bytes:
    lines = (
        "Event: UserEvent",
        "Privilege: user,all",
        f"UserEvent: {name}",
        "ActionID: ask-UserEvent",
        f"Note: {note}",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


async def test_events_can_come_late_and_in_their_order(pbx: int, client: AmiClient) -> None:
    loop = asyncio.get_running_loop()
    async with ami(pbx) as other:
        await other.ask("SandboxFault", Fault="DelayEvents", Seconds="4")
        began = loop.time()
        call_id = originate(other, 1)
        await other.until(Event="Hangup", Uniqueid=call_id)
        assert (await client.ask("Ping"))["Ping"] == "Pong"  # responses are not delayed
        assert client.seen == []
        await other.ask("SandboxFault", Fault="DelayEvents", Seconds="0")
        await other.ask("UserEvent", UserEvent="Last")
        late = await client.through(UserEvent="Last")
        assert loop.time() - began >= 4 / SPEED
        assert [message["Event"] for message in late][-3:] == ["Hangup", "OriginateResponse", "UserEvent"]
