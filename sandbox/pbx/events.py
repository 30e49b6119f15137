"""The events that Asterisk 22.10 sends about a call that an Originate placed over PJSIP, header by header."""

from dataclasses import dataclass

from sandbox.pbx import causes
from sandbox.pbx.ami import Header
from sandbox.pbx.channel import UNKNOWN, Channel
from sandbox.pbx.originate import OriginateRequest


@dataclass(frozen=True)
class Event:
    """`permission` is the class a session must have subscribed to."""

    name: str
    permission: str
    headers: tuple[Header, ...]

    def message(self) -> list[Header]:
        return [("Event", self.name), ("Privilege", f"{self.permission},all"), *self.headers]


def new_channel(channel: Channel) -> Event:
    return _about(channel, "Newchannel")


def new_caller_id(channel: Channel) -> Event:
    return _about(channel, "NewCallerid", ("CID-CallingPres", "0 (Presentation Allowed, Not Screened)"))


def new_connected_line(channel: Channel) -> Event:
    return _about(channel, "NewConnectedLine")


def new_state(channel: Channel) -> Event:
    return _about(channel, "Newstate")


def new_exten(channel: Channel) -> Event:
    """The dialplan reached an application."""
    return _about(
        channel,
        "Newexten",
        ("Extension", channel.exten),
        ("Application", channel.application),
        ("AppData", channel.application_data),
        permission="dialplan",
    )


def var_set(channel: Channel, name: str, value: str) -> Event:
    return _about(channel, "VarSet", ("Variable", name), ("Value", value), permission="dialplan")


def dial_begin(channel: Channel, dial_string: str, caller: Channel | None = None) -> Event:
    """`caller` is the channel for which `channel` is dialled; an Originate has none."""
    return _about_destination(channel, caller, "DialBegin", ("DialString", dial_string))


def dial_state(channel: Channel, status: str, caller: Channel | None = None) -> Event:
    return _about_destination(channel, caller, "DialState", ("DialStatus", status))


def dial_end(channel: Channel, status: str, caller: Channel | None = None) -> Event:
    return _about_destination(channel, caller, "DialEnd", ("DialStatus", status))


def user_event(channel: Channel, name: str, *headers: Header) -> Event:
    """Of the dialplan's application UserEvent."""
    return _about(channel, "UserEvent", ("UserEvent", name), *headers, permission="user")


def hangup_request(channel: Channel, cause: int, sip_status: int | None) -> Event:
    """The other side ended the call."""
    return _about(channel, "HangupRequest", *_cause_headers(cause, sip_status, text=False))


def soft_hangup_request(channel: Channel, flag: int) -> Event:
    """The PBX begins to end an answered call. `Cause` in this event is none of Q.850, whatever the real one is."""
    return _about(channel, "SoftHangupRequest", ("Cause", str(flag)))


def hangup(channel: Channel, cause: int, sip_status: int | None) -> Event:
    return _about(channel, "Hangup", *_cause_headers(cause, sip_status, text=True))


def originate_response(request: OriginateRequest, channel: Channel | None, *, failed: bool, reason: int) -> Event:
    """The end of an asynchronous Originate; `channel` is None when there never was one."""
    headers = [("ActionID", request.action_id)] if request.action_id else []
    headers += [
        ("Response", "Failure" if failed else "Success"),
        ("Channel", request.channel if failed or channel is None else channel.name),
        ("Context", request.context),
        ("Exten", request.exten),
        ("Reason", str(reason)),
        ("Uniqueid", channel.uniqueid if channel and not failed else request.channel_id or UNKNOWN),
        ("CallerIDNum", request.caller_number),
        ("CallerIDName", request.caller_name),
    ]
    return Event("OriginateResponse", "call", tuple(headers))


def _about(channel: Channel, name: str, *more: Header, permission: str = "call") -> Event:
    return Event(name, permission, (*channel.snapshot(), *more))


def _about_destination(channel: Channel, caller: Channel | None, name: str, *more: Header) -> Event:
    about_caller = caller.snapshot() if caller is not None else []
    return Event(name, "call", (*about_caller, *channel.snapshot("Dest"), *more))


def _cause_headers(cause: int, sip_status: int | None, *, text: bool) -> list[Header]:
    headers = [("Cause", str(cause))] if text or cause else []
    if text:
        headers.append(("Cause-txt", causes.TEXTS.get(cause, "Unknown")))
    if sip_status is not None:
        headers.append(("TechCause", str(sip_status)))
    return headers
