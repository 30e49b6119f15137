"""What AMI actions do. Messages are those of Asterisk 22.10, also where they are odd."""

import hashlib
import hmac
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sandbox.pbx import causes, events, inspection
from sandbox.pbx.ami import Action, Header
from sandbox.pbx.call import Call, HangUpAsked, RedirectAsked
from sandbox.pbx.channel import UP
from sandbox.pbx.events import Event
from sandbox.pbx.exchange import Exchange
from sandbox.pbx.faults import Faults
from sandbox.pbx.mischief import commit, read_order
from sandbox.pbx.originate import AmiError, is_true, parse_originate
from sandbox.pbx.session import Session


@dataclass
class Desk:
    """What the sessions share."""

    exchange: Exchange
    username: str
    secret: str
    faults: Faults = field(default_factory=Faults)
    sessions: dict[Session, None] = field(default_factory=dict)
    started_s: float = field(default_factory=time.monotonic)
    # Guessable on purpose: a sandbox is the same every time.
    challenges: random.Random = field(default_factory=lambda: random.Random(0))


Handler = Callable[[Desk, Session, Action], Awaitable[None]]


async def handle(desk: Desk, session: Session, action: Action) -> None:
    """Carry out one action and answer it."""
    name = action.get("Action").lower()
    handler = _HANDLERS.get(name)
    try:
        if action.error:
            raise AmiError(action.error)
        if not name:
            raise AmiError("Missing action in request")
        if session.user is None and name not in _BEFORE_LOGIN:
            raise AmiError("Permission denied")
        if handler is None:
            shown = action.get("Action")
            raise AmiError(f"Invalid/unknown command: {shown}. Use Action: ListCommands to show available commands.")
        await handler(desk, session, action)
    except AmiError as refused:
        session.respond(action, "Error", ("Message", str(refused)))


# --- the session ------------------------------------------------------------------------------------------


async def _challenge(desk: Desk, session: Session, action: Action) -> None:
    if action.get("AuthType").upper() != "MD5":
        raise AmiError("Must specify AuthType")
    session.challenge = str(desk.challenges.randrange(10**8, 10**9))
    session.respond(action, "Success", ("Challenge", session.challenge))


async def _login(desk: Desk, session: Session, action: Action) -> None:
    if session.user is not None:
        session.respond(action, "Success", ("Message", "Already authenticated"))
        return
    if desk.faults.take("RefuseLogin") or not _is_authentic(desk, session, action):
        session.respond(action, "Error", ("Message", "Authentication failed"))
        session.close()
        return
    session.user = action.get("Username")
    session.set_mask(action.get("Events", "on"))
    session.respond(action, "Success", ("Message", "Authentication accepted"))
    session.deliver(_fully_booted(desk))


def _is_authentic(desk: Desk, session: Session, action: Action) -> bool:
    if action.get("AuthType").upper() == "MD5":
        if session.challenge is None:
            return False
        wanted = hashlib.md5((session.challenge + desk.secret).encode(), usedforsecurity=False).hexdigest()
        given = action.get("Key").lower()
    else:
        wanted, given = desk.secret, action.get("Secret")
    right_user = hmac.compare_digest(action.get("Username").encode(), desk.username.encode())
    return hmac.compare_digest(given.encode(), wanted.encode()) and right_user


def _fully_booted(desk: Desk) -> Event:
    uptime = str(int(time.monotonic() - desk.started_s))
    return Event("FullyBooted", "system", (("Uptime", uptime), ("LastReload", uptime), ("Status", "Fully Booted")))


async def _logoff(_: Desk, session: Session, action: Action) -> None:
    session.respond(action, "Goodbye", ("Message", "Thanks for all the fish."))
    session.close()


async def _events(_: Desk, session: Session, action: Action) -> None:
    mask = action.get("EventMask")
    if not mask:
        raise AmiError("Invalid event mask")
    session.respond(action, "Success", ("Events", "On" if session.set_mask(mask) else "Off"))


async def _ping(_: Desk, session: Session, action: Action) -> None:
    session.respond(action, "Success", ("Ping", "Pong"), ("Timestamp", f"{time.time():.6f}"))


# --- calls ------------------------------------------------------------------------------------------------


async def _originate(desk: Desk, session: Session, action: Action) -> None:
    if desk.faults.take("LoseOriginate"):
        return
    request = parse_originate(action, desk.exchange.extension_exists)
    dialled = desk.exchange.originate(request)
    if desk.faults.take("SwallowOriginateResponse"):
        return
    if not request.is_async and not await dialled:
        raise AmiError("Originate failed")
    session.respond(action, "Success", ("Message", "Originate successfully queued"))


async def _hangup(desk: Desk, session: Session, action: Action) -> None:
    if not action.get("Channel"):
        raise AmiError("No channel specified")
    call = _find(desk, action, "No such channel")
    cause = action.get("Cause")
    call.ask(HangUpAsked(int(cause) if cause.isdecimal() and int(cause) in causes.TEXTS else causes.UNKNOWN))
    session.respond(action, "Success", ("Message", "Channel Hungup"))


async def _play_dtmf(desk: Desk, session: Session, action: Action) -> None:
    call = _find(desk, action, "Channel not found")
    digit = action.get("Digit")
    if not digit:
        raise AmiError("No digit specified")
    session.respond(action, "Success", ("Message", "DTMF successfully queued"))
    if is_true(action.get("Receive")):
        call.receive_digit(digit[0])
    else:
        call.play_digit(digit[0])


async def _redirect(desk: Desk, session: Session, action: Action) -> None:
    if not action.get("Channel"):
        raise AmiError("Channel not specified")
    call = _find(desk, action, f"Channel does not exist: {action.get('Channel')}")
    priority = action.get("Priority")
    if not priority.isdecimal():
        raise AmiError("Invalid priority")
    if call.channel.state != UP:
        raise AmiError("Redirect failed")
    call.ask(RedirectAsked(action.get("Context"), action.get("Exten"), int(priority)))
    session.respond(action, "Success", ("Message", "Redirect successful"))


async def _setvar(desk: Desk, session: Session, action: Action) -> None:
    name, value = action.get("Variable"), action.get("Value")
    if not name:
        raise AmiError("No variable specified")
    if not action.get("Channel"):
        desk.exchange.globals[name] = value
    else:
        channel = _find(desk, action, "No such channel").channel
        channel.variables[name] = value
        desk.exchange.publish(events.var_set(channel, name, value))
    session.respond(action, "Success", ("Message", "Variable Set"))


def _find(desk: Desk, action: Action, otherwise: str) -> Call:
    call = desk.exchange.find(action.get("Channel"))
    if call is None:
        raise AmiError(otherwise)
    return call


# --- lists ------------------------------------------------------------------------------------------------


async def _core_show_channels(desk: Desk, session: Session, action: Action) -> None:
    calls = desk.exchange.calls()
    _start_list(session, action, "Channels will follow")
    for call in calls:
        seconds = int(desk.exchange.clock.now_s() - call.channel.created_s)
        minutes, seconds = divmod(seconds, 60)
        session.send(
            [
                ("Event", "CoreShowChannel"),
                *_action_id(action),
                *call.channel.snapshot(),
                ("Application", call.channel.application),
                ("ApplicationData", call.channel.application_data),
                ("Duration", f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"),
                ("BridgeId", call.channel.bridge),
            ]
        )
    _end_list(session, action, "CoreShowChannelsComplete", ("ListItems", str(len(calls))))


async def _status(desk: Desk, session: Session, action: Action) -> None:
    calls = [_find(desk, action, "No such channel")] if action.get("Channel") else desk.exchange.calls()
    _start_list(session, action, "Channel status will follow")
    for call in calls:
        channel = call.channel
        session.send(
            [
                ("Event", "Status"),
                ("Privilege", "Call"),
                *channel.snapshot(),
                ("Type", "PJSIP"),
                ("DNID", ""),
                ("EffectiveConnectedLineNum", channel.connected_number),
                ("EffectiveConnectedLineName", channel.connected_name),
                ("TimeToHangup", "0"),
                ("BridgeID", channel.bridge),
                ("Application", channel.application),
                ("Data", channel.application_data),
                ("Nativeformats", "(ulaw)"),
                ("Readformat", "slin"),
                ("Readtrans", "(ulaw@8000)->(slin@8000)"),
                ("Writeformat", "slin"),
                ("Writetrans", "(slin@8000)->(ulaw@8000)"),
                ("Callgroup", "0"),
                ("Pickupgroup", "0"),
                ("Seconds", str(int(desk.exchange.clock.now_s() - channel.created_s))),
                *_action_id(action),
            ]
        )
    items = str(len(calls))
    _end_list(session, action, "StatusComplete", ("ListItems", items), ("Items", items))


def _start_list(session: Session, action: Action, message: str) -> None:
    session.respond(action, "Success", ("EventList", "start"), ("Message", message))


def _end_list(session: Session, action: Action, event: str, *headers: Header) -> None:
    session.send([("Event", event), *_action_id(action), ("EventList", "Complete"), *headers])


def _action_id(action: Action) -> list[Header]:
    return [("ActionID", action.get("ActionID"))] if action.get("ActionID") else []


async def _show_dialplan(desk: Desk, session: Session, action: Action) -> None:
    context = action.get("Context")
    steps = inspection.steps_of(context, desk.exchange.contexts)
    if steps is None:
        raise AmiError(f"Did not find context {context}")
    _start_list(session, action, "DialPlan list will follow")
    for step in steps:
        session.send([("Event", "ListDialplan"), *_action_id(action), *inspection.listed(context, step)])
    items = str(len(steps))
    counts = (("ListItems", items), ("ListExtensions", "1"), ("ListPriorities", items), ("ListContexts", "1"))
    _end_list(session, action, "ShowDialPlanComplete", *counts)


async def _getvar(desk: Desk, session: Session, action: Action) -> None:
    name = action.get("Variable")
    if not name:
        raise AmiError("No variable specified")
    variables = desk.exchange.globals
    if action.get("Channel"):
        variables = _find(desk, action, "No such channel").channel.variables
    value = inspection.function(name, desk.exchange.endpoint)
    session.respond(
        action, "Success", ("Variable", name), ("Value", variables.get(name, "") if value is None else value)
    )


async def _core_settings(_: Desk, session: Session, action: Action) -> None:
    session.respond(action, "Success", ("AMIversion", "11.0.0"), ("AsteriskVersion", inspection.VERSION))


async def _list_commands(_: Desk, session: Session, action: Action) -> None:
    session.respond(action, "Success", *((name, "") for name in _SHOWN))


# --- others -----------------------------------------------------------------------------------------------


async def _user_event(desk: Desk, session: Session, action: Action) -> None:
    session.respond(action, "Success", ("Message", "Event Sent"))
    carried = [header for header in action.headers if header[0].lower() not in {"action", "userevent"}]
    desk.exchange.publish(Event("UserEvent", "user", (("UserEvent", action.get("UserEvent")), *carried)))


async def _sandbox_fault(desk: Desk, session: Session, action: Action) -> None:
    order = read_order(action, desk.exchange.clock.real_s)
    calls = [_find(desk, action, "No such channel")] if action.get("Channel") else desk.exchange.calls()
    commit(order, desk.faults, (other for other in desk.sessions if other is not session), calls)
    session.respond(action, "Success", ("Message", "As you wish"))


_BEFORE_LOGIN = {"login", "challenge", "logoff"}
_HANDLERS: dict[str, Handler] = {
    "challenge": _challenge,
    "login": _login,
    "logoff": _logoff,
    "events": _events,
    "ping": _ping,
    "originate": _originate,
    "hangup": _hangup,
    "playdtmf": _play_dtmf,
    "redirect": _redirect,
    "setvar": _setvar,
    "coreshowchannels": _core_show_channels,
    "status": _status,
    "userevent": _user_event,
    "sandboxfault": _sandbox_fault,
    "showdialplan": _show_dialplan,
    "getvar": _getvar,
    "coresettings": _core_settings,
    "listcommands": _list_commands,
}
_SHOWN = (
    *("Challenge", "CoreSettings", "CoreShowChannels", "Events", "Getvar", "Hangup", "ListCommands", "Login", "Logoff"),
    *("Originate", "Ping", "PlayDTMF", "Redirect", "Setvar", "ShowDialPlan", "Status"),
)
