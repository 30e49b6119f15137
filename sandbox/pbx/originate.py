"""What an Originate asks for, checked in the order and with the messages of Asterisk's action_originate."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.pbx.ami import Action
from sandbox.pbx.channel import UNKNOWN

DEFAULT_TIMEOUT_MS = 30_000
MAX_CHANNEL_ID = 149
MAX_VARIABLES = 64

_CALLER_ID = re.compile(r'\s*"?(?P<name>[^"<]*?)"?\s*<(?P<number>[^>]*)>\s*')
_PAIR_END = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')


class AmiError(Exception):
    """The action is refused; its text is the response's Message."""


@dataclass(frozen=True)
class OriginateRequest:
    """`channel` as asked for ("PJSIP/+12025550100@trunk"), and its parts."""

    action_id: str
    channel: str
    technology: str
    dial_string: str
    context: str
    exten: str
    priority: int
    timeout_ms: int
    channel_id: str
    caller_number: str
    caller_name: str
    variables: dict[str, str]
    is_async: bool

    @property
    def number(self) -> str:
        return self.dial_string.partition("@")[0]

    @property
    def endpoint(self) -> str:
        return self.dial_string.partition("@")[2]


def parse_originate(action: Action, extension_exists: Callable[[str, str, int], bool]) -> OriginateRequest:
    """Raises AmiError. `extension_exists` is asked with context, extension and priority."""
    channel = action.get("Channel")
    if not channel:
        raise AmiError("Channel not specified")
    priority = _number(action.get("Priority") or "1", "Invalid priority")
    timeout_ms = _number(action.get("Timeout") or str(DEFAULT_TIMEOUT_MS), "Invalid timeout")
    technology, slash, dial_string = channel.partition("/")
    if not slash:
        raise AmiError("Invalid channel")
    channel_id = action.get("ChannelId")
    if len(channel_id) > MAX_CHANNEL_ID:
        raise AmiError(f"Uniqueid length exceeds maximum of {MAX_CHANNEL_ID}")
    context, exten = action.get("Context"), action.get("Exten")
    if not extension_exists(context, exten, priority):
        raise AmiError("Extension does not exist.")
    caller_number, caller_name = _caller_id(action.get("CallerID"))
    return OriginateRequest(
        action_id=action.get("ActionID"),
        channel=channel,
        technology=technology,
        dial_string=dial_string,
        context=context,
        exten=exten,
        priority=priority,
        timeout_ms=timeout_ms,
        channel_id=channel_id,
        caller_number=caller_number,
        caller_name=caller_name,
        variables=_variables(action.get_all("Variable")),
        is_async=is_true(action.get("Async")),
    )


def is_true(value: str) -> bool:
    """Asterisk's ast_true."""
    return value.lower() in {"yes", "true", "y", "t", "1", "on"}


def _number(value: str, message: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise AmiError(message) from None


def _caller_id(value: str) -> tuple[str, str]:
    """`Name <number>`, or a number alone."""
    match = _CALLER_ID.fullmatch(value)
    if match:
        return match["number"] or UNKNOWN, match["name"] or UNKNOWN
    return value or UNKNOWN, UNKNOWN


def _variables(headers: list[str]) -> dict[str, str]:
    """Every header is a list of pairs separated by commas; of a name given twice the first one wins."""
    pairs = [pair for header in headers for pair in _PAIR_END.split(header)][:MAX_VARIABLES]
    variables: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        variables.setdefault(name.strip().lstrip("_"), value.strip().strip('"'))
    return variables
