"""AMI connections: logging in and out, subscriptions, refusals, faults."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from sandbox.pbx.server import serving
from sandbox.pbx.session import MAX_UNSENT_BYTES, Session
from sandbox.pbx.settings import Settings
from tests.sandbox.pbx.test_calls import Journal, originate
from tests.sandbox.pbx.wire import AmiClient, ami, plain


@pytest.fixture
async def stranger(pbx: int) -> AsyncIterator[AmiClient]:
    """A connection that has not logged in."""
    async with plain(pbx) as client:
        yield client


async def is_cut(client: AmiClient) -> bool:
    """Is this the end of the connection?"""
    try:
        async with asyncio.timeout(10):
            return await client.reader.read() == b""
    except ConnectionResetError:
        return True


async def test_a_login_is_greeted_with_fully_booted(stranger: AmiClient) -> None:
    assert (await stranger.ask("Login", Username="opendeep", Secret="s3cret")) == {
        "Response": "Success",
        "ActionID": "ask-Login",
        "Message": "Authentication accepted",
    }
    assert (await stranger.next())["Event"] == "FullyBooted"
    assert (await stranger.ask("Login"))["Message"] == "Already authenticated"


@pytest.mark.parametrize(("username", "secret"), [("opendeep", "wrong"), ("other", "s3cret"), ("", "")])
async def test_a_wrong_login_is_refused_and_cut(stranger: AmiClient, username: str, secret: str) -> None:
    answer = await stranger.ask("Login", Username=username, Secret=secret)
    assert (answer["Response"], answer["Message"]) == ("Error", "Authentication failed")
    assert await is_cut(stranger)


async def test_a_challenge_is_answered_with_its_digest(stranger: AmiClient) -> None:
    challenge = (await stranger.ask("Challenge", AuthType="MD5"))["Challenge"]
    key = hashlib.md5(f"{challenge}s3cret".encode()).hexdigest()
    answer = await stranger.ask("Login", AuthType="MD5", Username="opendeep", Key=key, Events="off")
    assert answer["Message"] == "Authentication accepted"


async def test_a_wrong_digest_is_refused(stranger: AmiClient) -> None:
    await stranger.ask("Challenge", AuthType="MD5")
    answer = await stranger.ask("Login", AuthType="MD5", Username="opendeep", Key="0" * 32)
    assert answer["Message"] == "Authentication failed"


async def test_a_digest_without_a_challenge_is_refused(stranger: AmiClient) -> None:
    key = hashlib.md5(b"s3cret").hexdigest()
    answer = await stranger.ask("Login", AuthType="MD5", Username="opendeep", Key=key)
    assert answer["Message"] == "Authentication failed"


@pytest.mark.parametrize("action", ["Ping", "Originate", "CoreShowChannels", "SandboxFault", "Nonsense"])
async def test_a_stranger_may_do_nothing(stranger: AmiClient, action: str) -> None:
    assert (await stranger.ask(action))["Message"] == "Permission denied"


async def test_a_session_says_goodbye(client: AmiClient) -> None:
    answer = await client.ask("Logoff")
    assert (answer["Response"], answer["Message"]) == ("Goodbye", "Thanks for all the fish.")
    assert await is_cut(client)


@pytest.mark.parametrize(
    ("action", "headers", "message"),
    [
        ("Nonsense", {}, "Invalid/unknown command: Nonsense. Use Action: ListCommands to show available commands."),
        ("Hangup", {}, "No channel specified"),
        ("Hangup", {"Channel": "nobody"}, "No such channel"),
        ("PlayDTMF", {"Channel": "nobody", "Digit": "1"}, "Channel not found"),
        ("Redirect", {}, "Channel not specified"),
        ("Redirect", {"Channel": "nobody"}, "Channel does not exist: nobody"),
        ("Events", {}, "Invalid event mask"),
        ("Challenge", {"AuthType": "SHA"}, "Must specify AuthType"),
        ("Originate", {}, "Channel not specified"),
        ("Originate", {"Channel": "PJSIP/1@trunk", "Context": "nowhere"}, "Extension does not exist."),
        ("Ping", {"X": "y" * 1024}, "Failed to parse message: line too long"),
    ],
)
async def test_what_asterisk_refuses_is_refused_in_its_words(
    client: AmiClient, action: str, headers: dict[str, str], message: str
) -> None:
    answer = await client.ask(action, **headers)
    assert (answer["Response"], answer["Message"]) == ("Error", message)


async def test_a_ringing_call_takes_no_redirect_and_a_key_needs_a_digit(client: AmiClient) -> None:
    call_id = originate(client, 2)
    await client.until(Event="DialState")
    target = {"Channel": call_id, "Context": "opendeep-out", "Exten": "s"}
    assert (await client.ask("Redirect", Priority="1", **target))["Message"] == "Redirect failed"
    assert (await client.ask("Redirect", Priority="x", **target))["Message"] == "Invalid priority"
    assert (await client.ask("PlayDTMF", Channel=call_id))["Message"] == "No digit specified"


async def test_a_client_that_does_not_read_is_disconnected(pbx: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", pbx)
    session = Session(reader, writer)
    writer.transport.set_write_buffer_limits(high=MAX_UNSENT_BYTES * 2)
    while not session.is_over:  # nothing is sent before the loop runs again
        session.send([("Event", "x" * 1_000_000)])
    assert writer.transport.is_closing()


async def test_an_empty_message_is_answered_and_the_session_goes_on(client: AmiClient) -> None:
    client.writer.write(b"\r\n")
    assert await client.next() == {"Response": "Error", "Message": "Missing action in request"}
    assert (await client.ask("Ping"))["Ping"] == "Pong"


async def test_events_come_only_to_those_who_want_them(pbx: int, client: AmiClient) -> None:
    async with ami(pbx) as other:
        assert (await other.ask("Events", EventMask="user"))["Events"] == "On"
        call_id = originate(client, 1)
        await client.until(Event="Hangup", Uniqueid=call_id)
        await client.ask("UserEvent", UserEvent="Done", Note="a")
        assert (await other.next())["UserEvent"] == "Done"
        assert (await other.ask("Events", EventMask="off"))["Events"] == "Off"
        await client.ask("UserEvent", UserEvent="Unheard")
        assert (await other.ask("Ping"))["Ping"] == "Pong"
        assert other.seen == []


async def test_a_missing_trunk_fails_the_originate_without_a_channel(client: AmiClient) -> None:
    call_id = originate(client, 0, Channel="PJSIP/+12025550100@elsewhere")
    response, event = await client.next(), await client.next()
    assert response["Message"] == "Originate successfully queued"
    assert (event["Event"], event["Reason"], event["Uniqueid"]) == ("OriginateResponse", "0", call_id)


async def test_a_pbx_can_be_told_to_refuse_logins(pbx: int, client: AmiClient, stranger: AmiClient) -> None:
    assert (await client.ask("SandboxFault", Fault="RefuseLogin"))["Response"] == "Success"
    answer = await stranger.ask("Login", Username="opendeep", Secret="s3cret")
    assert answer["Message"] == "Authentication failed"
    async with ami(pbx):
        pass  # the second one is let in


async def test_a_swallowed_response_belongs_to_a_call_that_is_made(client: AmiClient) -> None:
    await client.ask("SandboxFault", Fault="SwallowOriginateResponse")
    call_id = originate(client, 1)
    messages = await client.through(Event="OriginateResponse", ActionID=call_id)
    assert "Response" not in messages[0]
    assert messages[0]["Event"] == "Newchannel"


async def test_a_lost_originate_makes_no_call(client: AmiClient, journal: Journal) -> None:
    await client.ask("SandboxFault", Fault="LoseOriginate")
    lost, made = originate(client, 1), originate(client, 1)
    await client.until(Event="Hangup", Uniqueid=made)
    assert lost not in {entry["channel_id"] for entry in journal()}


async def test_connections_can_be_dropped_and_calls_live_on(pbx: int, client: AmiClient) -> None:
    call_id = originate(client, 2)
    await client.until(Event="DialState")
    async with ami(pbx) as other:
        await other.ask("SandboxFault", Fault="DropConnections")
        assert await is_cut(client)
        await other.ask("CoreShowChannels")
        assert (await other.until(Event="CoreShowChannel"))["Uniqueid"] == call_id


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Fault": "Fire"}, "Fault must be one of"),
        ({"Fault": "RefuseLogin", "Count": "x"}, "Count must be a number"),
        ({"Fault": "DelayEvents", "Seconds": "-1"}, "Seconds must be a number from 0 to 3600"),
        ({"Fault": "DelayEvents", "Seconds": "4000"}, "Seconds must be a number from 0 to 3600"),
        ({"Fault": "StopAudio", "Channel": "nobody"}, "No such channel"),
    ],
)
async def test_a_fault_that_does_not_exist_is_refused(client: AmiClient, headers: dict[str, str], message: str) -> None:
    assert message in (await client.ask("SandboxFault", **headers))["Message"]


async def test_a_pbx_can_refuse_every_login_from_the_start() -> None:
    async with serving(Settings("opendeep", "s3cret", port=0, refuse_logins=True)) as port:
        for _ in range(2):
            async with plain(port) as client:
                answer = await client.ask("Login", Username="opendeep", Secret="s3cret")
                assert answer["Message"] == "Authentication failed"
