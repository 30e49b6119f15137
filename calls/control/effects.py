"""What each command does. An effect that may not happen twice is not `repeatable`."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from calls.asterisk.ami_client import AmiClient, AmiRefused, AmiUnavailable
from calls.asterisk.dialer import BadOrder
from calls.asterisk.redirect import put_through
from calls.contracts import Command, CommandName
from calls.control.database import in_database
from calls.services import hangup, talk, transfers

DIGITS = re.compile(r"[0-9*#ABCDw]{1,32}")
TONE_MS = 120
TONE_GAP_SECONDS = 0.25  # from one tone's start to the next
PAUSE_SECONDS = 0.5  # a "w"


class Refusal(Exception):
    """Why a command is not done, in words for the agent."""


@dataclass(frozen=True, slots=True)
class Effect:
    """`run` raises Refusal, DomainError, AmiRefused, AmiTimeout or AmiUnavailable.

    `repeatable`: it may be done again when nobody knows whether it was done. `interrupted` says in words what is
    unknown then of one that may not.
    """

    run: Callable[[AmiClient, Command, datetime], Awaitable[None]]
    repeatable: bool
    needs_pbx: bool
    interrupted: str = ""


async def end_call(client: AmiClient, command: Command, at: datetime) -> None:
    """Notes the wish first: without a PBX, or when this process dies, the channel is hung up as soon as it can be."""
    reason = command.args.get("reason", "")
    await in_database(hangup.note_request, command.call_id, reason=reason, source="agent", at=at)
    await client.request("Hangup", [("Channel", str(command.call_id)), ("Cause", "16")])


async def send_dtmf(client: AmiClient, command: Command, at: datetime) -> None:
    digits = command.args.get("digits", "")
    if not DIGITS.fullmatch(digits):
        raise Refusal("Digits are 0-9, *, #, A-D and w for a pause, at most 32 of them.")
    for digit in digits:
        await _press(client, command, digit)


async def _press(client: AmiClient, command: Command, digit: str) -> None:
    if digit == "w":
        await asyncio.sleep(PAUSE_SECONDS)
        return
    headers = [("Channel", str(command.call_id)), ("Digit", digit), ("Duration", str(TONE_MS))]
    await client.request("PlayDTMF", headers)
    await asyncio.sleep(TONE_GAP_SECONDS)


async def reschedule(client: AmiClient, command: Command, at: datetime) -> None:
    try:
        when = datetime.fromisoformat(command.args.get("when", ""))
    except ValueError:
        raise Refusal("The time to call again is not a time in ISO form.") from None
    await in_database(
        talk.request_reschedule,
        command.call_id,
        when=when,
        reason=command.args.get("reason", ""),
        at=at,
        command_id=command.command_id,
    )


async def transfer_call(client: AmiClient, command: Command, at: datetime) -> None:
    """Commits first: should this process die before the PBX is told, the callee simply stays with the agent."""
    order = await in_database(transfers.start, command.call_id, reason=command.args.get("reason", ""), at=at)
    try:
        await put_through(client, order)
    except (AmiRefused, AmiUnavailable, BadOrder) as error:
        await in_database(transfers.failed, command.call_id, reason=str(error), at=at, source="pbx")
        raise Refusal(str(error)) from error


EFFECTS: dict[CommandName, Effect] = {
    CommandName.END_CALL: Effect(end_call, repeatable=True, needs_pbx=False),
    CommandName.RESCHEDULE: Effect(reschedule, repeatable=True, needs_pbx=False),
    CommandName.SEND_DTMF: Effect(
        send_dtmf, repeatable=False, needs_pbx=True, interrupted="It is unknown which keys were pressed."
    ),
    CommandName.TRANSFER_CALL: Effect(
        transfer_call,
        repeatable=False,
        needs_pbx=True,
        interrupted="It is unknown whether the callee was put through.",
    ),
}
