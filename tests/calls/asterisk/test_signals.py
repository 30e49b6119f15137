"""What AMI events say about calls of ours. The events are those of Asterisk 22."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.asterisk.ami_codec import AmiMessage
from calls.asterisk.signals import (
    Answered,
    Appeared,
    EarlyMedia,
    Guessed,
    HungUp,
    NotPlaced,
    PbxNews,
    PersonAnswered,
    PersonNotReached,
    Ringing,
    call_id_of,
    read,
    state_of,
)

CALL = UUID("7c0ad1c4-6d9f-4a8e-9a54-0d9b8f4f3c11")
OURS = str(CALL)


def event(name: str, **headers: str) -> AmiMessage:
    return AmiMessage((("Event", name), *((key.replace("_", "-"), value) for key, value in headers.items())))


@pytest.mark.parametrize(
    ("message", "news"),
    [
        (event("Newchannel", Uniqueid=OURS, Channel="PJSIP/trunk-01"), Appeared(CALL, "PJSIP/trunk-01")),
        (event("Newstate", Uniqueid=OURS, ChannelState="5", ChannelStateDesc="Ringing"), Ringing(CALL)),
        (event("Newstate", Uniqueid=OURS, ChannelState="6", ChannelStateDesc="Up"), Answered(CALL)),
        (event("DialState", DestUniqueid=OURS, DialStatus="RINGING"), Ringing(CALL)),
        (event("DialEnd", DestUniqueid=OURS, DialStatus="ANSWER"), Answered(CALL)),
        (event("OriginateResponse", Uniqueid=OURS, Response="Failure", Reason="5"), NotPlaced(CALL, 5)),
        (
            event("Hangup", Uniqueid=OURS, Cause="17", Cause_txt="User busy", TechCause="486"),
            HungUp(CALL, 17, "User busy", "486"),
        ),
        (event("DialState", DestUniqueid=OURS, DialStatus="PROGRESS"), EarlyMedia(CALL)),
        (event("Hangup", Uniqueid=OURS), HungUp(CALL, 0, "", "")),
        (event("DialEnd", Uniqueid=OURS, DestUniqueid="1795377943.1", DialStatus="ANSWER"), PersonAnswered(CALL)),
        (
            event("UserEvent", UserEvent="OpenDeepTransfer", Uniqueid=OURS, Call=OURS, Status="BUSY"),
            PersonNotReached(CALL, "Their line was busy."),
        ),
        (
            event("UserEvent", UserEvent="OpenDeepTransfer", Uniqueid=OURS, Status="ODD"),
            PersonNotReached(CALL, "They could not be reached."),
        ),
        (
            event("UserEvent", UserEvent="OpenDeepAMD", Uniqueid=OURS, Status="MACHINE", Cause="MAXWORDS-3-2"),
            Guessed(CALL, "MACHINE", "MAXWORDS-3-2"),
        ),
        (event("Hangup", Uniqueid=OURS, Cause="many"), HungUp(CALL, 0, "", "")),
    ],
)
def test_events_of_our_calls_are_news(message: AmiMessage, news: PbxNews) -> None:
    assert read(message) == news


@pytest.mark.parametrize(
    "message",
    [
        event("Newstate", Uniqueid=OURS, ChannelState="0"),
        event("Newstate", Uniqueid=OURS, ChannelState="4", ChannelStateDesc="Ring"),
        event("DialState", DestUniqueid=OURS, DialStatus="PROCEEDING"),
        event("DialEnd", DestUniqueid=OURS, DialStatus="NOANSWER"),
        event("DialBegin", Uniqueid=OURS, DestUniqueid="1795377943.1"),
        event("DialEnd", Uniqueid=OURS, DestUniqueid="1795377943.1", DialStatus="BUSY"),
        event("UserEvent", UserEvent="OpenDeepTransfer", Uniqueid="1795377943.1", Call=OURS, Status="BUSY"),
        event("UserEvent", UserEvent="OpenDeepAMD", Uniqueid=OURS, Call=OURS, Status="", Cause=""),
        event("UserEvent", UserEvent="OpenDeepAMD", Uniqueid="1795377943.1", Call=OURS, Status="MACHINE"),
        event("UserEvent", UserEvent="SomebodyElses", Uniqueid=OURS, Status="BUSY"),
        event("OriginateResponse", Uniqueid=OURS, Response="Success", Reason="4"),
        event("HangupRequest", Uniqueid=OURS, Cause="16"),
        event("Hangup", Uniqueid="1732292800.12", Cause="17"),
        event("Newchannel", Channel="PJSIP/x"),
        event("FullyBooted"),
        AmiMessage(()),
    ],
)
def test_other_events_are_not(message: AmiMessage) -> None:
    assert read(message) is None


def test_an_item_of_the_list_of_channels_tells_its_state() -> None:
    assert state_of(event("CoreShowChannel", Uniqueid=OURS, ChannelState="6")) == Answered(CALL)


@pytest.mark.parametrize("text", ["", "/regex/", OURS.upper(), OURS.replace("-", ""), OURS + "\n", "{" + OURS + "}"])
def test_only_the_canonical_form_is_an_id(text: str) -> None:
    assert call_id_of(text) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["Event", "Uniqueid", "DestUniqueid", "Cause", "Reason"]), st.text()), max_size=6
    )
)
def test_no_event_can_break_the_reader(headers: list[tuple[str, str]]) -> None:
    read(AmiMessage(tuple(headers)))
