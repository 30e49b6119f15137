"""Whole calls over loopback sockets: AMI on one side, AudioSocket on the other."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.speech.phrases import callee_phrases
from sandbox.speech.recognize import Recognizer
from sandbox.speech.voice import synthesize
from tests.sandbox.pbx.wire import AmiClient, Gateway, Message, Talk

Journal = Callable[[], list[dict[str, Any]]]

RECOGNIZER = Recognizer(callee_phrases())
QUESTION = synthesize("Hello. Do you want to keep your appointment on Friday at ten?", voice="agent")
FAREWELL = synthesize("Thank you very much. Goodbye.", voice="agent")


def originate(client: AmiClient, persona: int, gateway: str = "127.0.0.1:9", **changed: str) -> str:
    """Dial a persona as the product does; gives the call's id."""
    call_id = changed.pop("ChannelId", str(uuid.uuid4()))
    headers = {
        "Action": "Originate",
        "ActionID": call_id,
        "ChannelId": call_id,
        "Channel": f"PJSIP/+120255501{persona:02}@trunk",
        "Context": "opendeep-out",
        "Exten": "s",
        "Priority": "1",
        "Async": "true",
        "Timeout": "45000",
        "CallerID": "OpenDeep <+12025550199>",
        **changed,
    }
    variables = (("Variable", f"OPENDEEP_CALL={call_id}"), ("Variable", f"OPENDEEP_GATEWAY={gateway}"))
    client.send(*variables, **headers)
    return call_id


async def answered(client: AmiClient, gateway: Gateway, persona: int = 0) -> tuple[str, Talk]:
    """A call that a persona has picked up, with its voice connection."""
    call_id = originate(client, persona, gateway.address)
    return call_id, await gateway.accept()


def names(messages: list[Message]) -> list[str]:
    return [message["Event"] for message in messages if "Event" in message]


def heard(pcm: bytes) -> str:
    recognised = RECOGNIZER.recognize(pcm)
    return recognised.text if recognised else ""


async def test_an_answered_call_sends_the_events_of_asterisk_in_their_order(
    client: AmiClient, gateway: Gateway
) -> None:
    call_id = originate(client, 0, gateway.address)
    messages = await client.through(Event="OriginateResponse")
    assert messages[0] == {
        "Response": "Success",
        "ActionID": call_id,
        "Message": "Originate successfully queued",
    }
    assert names(messages) == [
        *["Newchannel", "Newexten", "VarSet", "VarSet", "NewCallerid", "NewConnectedLine", "DialBegin"],
        *["Newstate", "DialState", "Newstate", "DialEnd", "OriginateResponse"],
    ]
    about_it = [message.get("Uniqueid") or message["DestUniqueid"] for message in messages[1:]]
    assert set(about_it) == {call_id}
    assert messages[-1] == {
        "Event": "OriginateResponse",
        "Privilege": "call,all",
        "ActionID": call_id,
        "Response": "Success",
        "Channel": "PJSIP/trunk-00000000",
        "Context": "opendeep-out",
        "Exten": "s",
        "Reason": "4",
        "Uniqueid": call_id,
        "CallerIDNum": "+12025550199",
        "CallerIDName": "OpenDeep",
    }


@pytest.mark.parametrize(
    ("persona", "dial_status", "cause", "text", "sip_status"),
    [(1, "BUSY", "17", "User busy", "486"), (14, "NOANSWER", "21", "Call Rejected", "603")],
)
async def test_a_refused_call_tells_why_only_in_its_hangup(
    client: AmiClient, persona: int, dial_status: str, cause: str, text: str, sip_status: str
) -> None:
    call_id = originate(client, persona)
    assert (await client.until(Event="DialEnd"))["DialStatus"] == dial_status
    hangup = await client.until(Event="Hangup", Uniqueid=call_id)
    assert (hangup["Cause"], hangup["Cause-txt"], hangup["TechCause"]) == (cause, text, sip_status)
    response = await client.until(Event="OriginateResponse", Uniqueid=call_id)
    assert (response["Response"], response["Reason"]) == ("Failure", "0")


async def test_a_call_without_a_caller_id_announces_none(client: AmiClient) -> None:
    call_id = originate(client, 1, CallerID="")
    messages = await client.through(Event="OriginateResponse", Uniqueid=call_id)
    assert "NewCallerid" not in names(messages)
    assert messages[-1]["CallerIDNum"] == "<unknown>"


async def test_nobody_lives_outside_the_range_reserved_for_fiction(client: AmiClient) -> None:
    call_id = originate(client, 0, Channel="PJSIP/+4930123456@trunk")
    hangup = await client.until(Event="Hangup", Uniqueid=call_id)
    assert (hangup["Cause"], hangup["TechCause"]) == ("1", "404")


async def test_an_unanswered_telephone_rings_until_the_timeout_of_the_originate(
    client: AmiClient, journal: Journal
) -> None:
    call_id = originate(client, 2, Timeout="3000")
    await client.until(Event="DialState", DialStatus="RINGING")
    response = await client.until(Event="OriginateResponse")
    assert (response["Response"], response["Reason"]) == ("Failure", "3")
    hangup = await client.until(Event="Hangup", Uniqueid=call_id)
    assert (hangup["Cause"], hangup["TechCause"]) == ("19", "480")
    assert journal()[-1]["ended_by"] == "timeout"


async def test_a_helpful_person_greets_answers_and_says_goodbye(
    client: AmiClient, gateway: Gateway, journal: Journal
) -> None:
    call_id, talk = await answered(client, gateway)
    assert talk.call_id == call_id.replace("-", "")
    assert heard(await talk.listen(2000)) == "Hello?"
    await talk.speak(QUESTION)
    assert heard(await talk.listen(3000)) == "Yes, that works for me."
    await talk.speak(FAREWELL)
    assert heard(await talk.listen(2600)) == "Thank you, goodbye."
    talk.writer.write(b"\x00\x00\x00")
    await talk.drain()
    hangup = await client.until(Event="Hangup", Uniqueid=call_id)
    assert (hangup["Cause"], hangup["Cause-txt"]) == ("16", "Normal Clearing")
    assert [entry["event"] for entry in journal()] == ["originate", "answered", "ended"]
    assert journal()[-1]["ended_by"] == "gateway"


async def test_a_helpful_person_hangs_up_a_moment_after_the_goodbye(client: AmiClient, gateway: Gateway) -> None:
    call_id, talk = await answered(client, gateway)
    await talk.listen(2000)
    await talk.speak(FAREWELL)
    said = await talk.listen(60_000)
    assert heard(said) == "Thank you, goodbye."
    assert len(said) < 10_000 * 16
    await client.until(Event="HangupRequest", Uniqueid=call_id)
    assert (await client.until(Event="Hangup", Uniqueid=call_id))["Cause"] == "0"


@pytest.mark.parametrize(
    ("persona", "answer"),
    [
        (4, "Sorry, this is a bad moment. Please call me tomorrow at ten."),
        (5, "Never call me again. Take me off your list."),
    ],
)
async def test_personas_answer_the_question_by_their_script(
    client: AmiClient, gateway: Gateway, persona: int, answer: str
) -> None:
    _, talk = await answered(client, gateway, persona)
    await talk.listen(2000)
    await talk.speak(QUESTION)
    assert heard(await talk.listen(6000)) == answer


async def test_a_person_hangs_up_in_mid_sentence(client: AmiClient, gateway: Gateway, journal: Journal) -> None:
    call_id, talk = await answered(client, gateway, 7)
    await talk.listen(2000)
    await talk.speak(QUESTION)
    said = RECOGNIZER.recognize(await talk.listen(60_000))
    assert said is not None
    assert not said.complete
    assert said.text.startswith("Well, let me think")
    await client.until(Event="Hangup", Uniqueid=call_id)
    assert journal()[-1]["ended_by"] == "callee"


async def test_the_agent_may_speak_24_khz(client: AmiClient, gateway: Gateway) -> None:
    _, talk = await answered(client, gateway)
    await talk.listen(2000)
    await talk.speak(
        synthesize("Thank you very much. Goodbye.", voice="agent", rate=24_000), kind=0x13, frame_bytes=960
    )
    assert heard(await talk.listen(3000)) == "Thank you, goodbye."


async def test_the_end_of_the_connection_lets_the_dialplan_hang_up(client: AmiClient, gateway: Gateway) -> None:
    call_id, talk = await answered(client, gateway)
    talk.writer.close()
    assert (await client.until(Event="Hangup", Uniqueid=call_id))["Cause"] == "16"


@pytest.mark.parametrize("garbage", [b"\x55\x00\x00", b"\x01\x00\x10", b"\x10\x00\x00", b"HTTP/1.1 200"])
async def test_what_audiosocket_does_not_know_ends_the_call(
    client: AmiClient, gateway: Gateway, garbage: bytes
) -> None:
    call_id, talk = await answered(client, gateway)
    talk.writer.write(garbage)
    hangup = await client.until(Event="Hangup", Uniqueid=call_id)
    assert (hangup["Cause"], hangup["TechCause"]) == ("38", "500")
    await talk.drain()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1", "", "127.0.0.1:x"])
async def test_a_gateway_that_cannot_be_reached_ends_the_call(client: AmiClient, address: str) -> None:
    call_id = originate(client, 0, address)
    hangup = await client.until(Event="Hangup", Uniqueid=call_id)
    assert (hangup["Cause"], hangup["Cause-txt"]) == ("38", "Network out of order")


async def test_ami_hangs_up_by_uniqueid_and_by_name(client: AmiClient, gateway: Gateway) -> None:
    for key in ("Uniqueid", "Channel"):
        call_id, talk = await answered(client, gateway)
        state = await client.until(Event="Newstate", Uniqueid=call_id, ChannelState="6")
        assert (await client.ask("Hangup", Channel=state[key]))["Message"] == "Channel Hungup"
        hangup = await client.until(Event="Hangup", Uniqueid=call_id)
        assert (hangup["Cause"], hangup["Cause-txt"]) == ("0", "Unknown")
        await talk.drain()


async def test_ami_hangs_up_a_ringing_telephone(client: AmiClient) -> None:
    call_id = originate(client, 2)
    await client.until(Event="DialState")
    await client.ask("Hangup", Channel=call_id, Cause="16")
    assert (await client.until(Event="DialEnd"))["DialStatus"] == "NOANSWER"
    assert (await client.until(Event="OriginateResponse"))["Reason"] == "0"


async def test_a_live_channel_id_is_refused_and_the_first_call_goes_on(
    client: AmiClient, gateway: Gateway, journal: Journal
) -> None:
    call_id, talk = await answered(client, gateway)
    await client.until(Event="OriginateResponse", Response="Success")
    originate(client, 0, gateway.address, ChannelId=call_id, ActionID="again")
    response = await client.until(Event="OriginateResponse")
    assert (response["Response"], response["Reason"], response["ActionID"], response["Uniqueid"]) == (
        *("Failure", "0", "again"),
        call_id,
    )
    assert await talk.receive()
    assert [entry["accepted"] for entry in journal() if entry["event"] == "originate"] == [True, False]


async def test_an_id_may_be_dialled_again_after_its_call_has_ended(client: AmiClient) -> None:
    call_id = originate(client, 1)
    await client.through(Event="OriginateResponse", Uniqueid=call_id)
    originate(client, 1, ChannelId=call_id)
    assert "Newchannel" in names(await client.through(Event="OriginateResponse", Uniqueid=call_id))


async def test_a_digit_played_to_the_callee_is_queued_and_one_received_reaches_the_gateway(
    client: AmiClient, gateway: Gateway
) -> None:
    call_id, talk = await answered(client, gateway)
    assert (await client.ask("PlayDTMF", Channel=call_id, Digit="5"))["Message"] == "DTMF successfully queued"
    await client.ask("PlayDTMF", Channel=call_id, Digit="7", Receive="true")
    while not talk.digits:
        assert await talk.receive()
    assert talk.digits == "7"


async def test_core_show_channels_lists_what_lives(client: AmiClient, gateway: Gateway) -> None:
    call_id, _ = await answered(client, gateway)
    assert (await client.ask("CoreShowChannels"))["EventList"] == "start"
    shown = await client.until(Event="CoreShowChannel")
    assert (shown["Uniqueid"], shown["ChannelStateDesc"], shown["Application"]) == (call_id, "Up", "AudioSocket")
    assert shown["Duration"].startswith("00:00:")
    assert (await client.until(Event="CoreShowChannelsComplete"))["ListItems"] == "1"


async def test_status_describes_one_channel(client: AmiClient, gateway: Gateway) -> None:
    call_id, _ = await answered(client, gateway)
    assert (await client.ask("Status", Channel=call_id))["Message"] == "Channel status will follow"
    assert (await client.until(Event="Status"))["Uniqueid"] == call_id
    assert (await client.until(Event="StatusComplete"))["Items"] == "1"
    assert (await client.ask("Status", Channel="nobody"))["Message"] == "No such channel"


async def test_a_redirect_leaves_the_application(client: AmiClient, gateway: Gateway) -> None:
    call_id, talk = await answered(client, gateway)
    target = {"Channel": call_id, "Exten": "s", "Priority": "1"}
    assert (await client.ask("Redirect", Context="opendeep-out", **target))["Message"] == "Redirect successful"
    await talk.drain()
    again = await gateway.accept()
    await client.ask("Redirect", Context="nowhere", **target)
    await again.drain()
    assert (await client.until(Event="Hangup", Uniqueid=call_id))["Context"] == "nowhere"


async def test_an_originate_without_async_answers_when_the_dialling_is_over(
    client: AmiClient, gateway: Gateway
) -> None:
    originate(client, 1, Async="false", ActionID="sync")
    assert (await client.until(ActionID="sync"))["Message"] == "Originate failed"
    originate(client, 0, gateway.address, Async="false", ActionID="sync2")
    assert (await client.until(ActionID="sync2"))["Message"] == "Originate successfully queued"
    assert "OriginateResponse" not in names(client.seen)


async def test_calls_run_beside_each_other(client: AmiClient, gateway: Gateway) -> None:
    ids = {originate(client, 0, gateway.address).replace("-", "") for _ in range(20)}
    talks = [await gateway.accept() for _ in range(20)]
    assert {talk.call_id for talk in talks} == ids
    greetings = await asyncio.gather(*(talk.listen(2000) for talk in talks))
    assert {heard(greeting) for greeting in greetings} == {"Hello?"}
