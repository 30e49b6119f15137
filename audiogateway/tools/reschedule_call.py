"""reschedule_call: the callee wants to be called at another time."""

import asyncio
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import dateparser
from pydantic import Field

from audiogateway.tools.base import Desk, Tool, ToolArguments, ToolResult, failed
from calls.contracts import Command, CommandName

LATEST = timedelta(days=366)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")
_HAS_A_TIME = re.compile(r"\b\d{1,2}:\d{2}\b|\b\d{1,2}\s*[ap]\.?m\b|\bin\b.+\b(minute|hour)s?\b", re.IGNORECASE)
"""dateparser takes "tomorrow at ten" for this time tomorrow: words count only when they tell the time of day."""


class RescheduleCallArguments(ToolArguments):
    when: str = Field(
        max_length=80,
        description="The callee's local date and time without an offset, for example 2026-11-23T10:00.",
    )
    reason: str = Field(max_length=500, description="Why, in one sentence.")


class UnusableTime(Exception):
    """The words give no time that a call can be made at; the message tells the model what to do."""


def parse_when(text: str, *, zone: ZoneInfo, now: datetime) -> datetime:
    """`text` as an aware time in the callee's zone: ISO as asked for, or words as a fallback. Raises UnusableTime.

    Words take up to 100 ms to parse: not on the loop that carries the sound.
    """
    when = _iso(text, zone) or _words(text, zone, now)
    if when is None:
        raise UnusableTime("This is no date and time. Give the callee's local time like 2026-11-23T10:00, or ask.")
    if when <= now:
        now_there = _local(now.astimezone(zone))
        raise UnusableTime(f"{_local(when)} is in the past; it is {now_there} now. Ask for a later time.")
    if when > now + LATEST:
        raise UnusableTime(f"{_local(when)} is more than a year away. Ask for an earlier time.")
    return when


def _iso(text: str, zone: ZoneInfo) -> datetime | None:
    if not _ISO.match(text):
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when.replace(tzinfo=zone) if when.tzinfo is None else when.astimezone(zone)


def _words(text: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Models that ignore the schema write "tomorrow at 3 pm"."""
    if not _HAS_A_TIME.search(text):
        return None
    settings = {
        "RELATIVE_BASE": now.astimezone(zone).replace(tzinfo=None),
        "PREFER_DATES_FROM": "future",
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    when = dateparser.parse(text, languages=["en"], settings=settings)
    return when.replace(tzinfo=zone, microsecond=0) if when is not None else None


async def reschedule_call(arguments: RescheduleCallArguments, desk: Desk) -> ToolResult:
    now = desk.now()
    try:
        when = await asyncio.to_thread(parse_when, arguments.when, zone=ZoneInfo(desk.order.time_zone), now=now)
    except UnusableTime as problem:
        return failed(str(problem))
    command = Command(
        desk.order.call_id,
        CommandName.RESCHEDULE,
        {"when": when.isoformat(), "reason": arguments.reason},
        desk.command_id,
    )
    ack = await desk.commands.send(command)
    if ack is not None and not ack.ok:
        return failed(f"The call could not be rescheduled: {ack.error}. Tell the callee, and ask for another time.")
    if ack is None:
        desk.store.request_reschedule(
            desk.order.call_id, when=when, reason=arguments.reason, at=now, command_id=desk.command_id
        )
    return ToolResult({"ok": True, "when": _local(when), "next": "Confirm the time, say goodbye, and call end_call."})


def _local(when: datetime) -> str:
    return when.replace(tzinfo=None).isoformat(timespec="minutes")


RESCHEDULE_CALL = Tool(
    name="reschedule_call",
    description="The callee has no time now and wants to be called at another time. Agree on date and time first.",
    arguments=RescheduleCallArguments,
    run=reschedule_call,
)
