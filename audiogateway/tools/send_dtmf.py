"""send_dtmf: presses telephone keys. The agent is silent afterwards: what the menu says next begins the next turn."""

from pydantic import Field

from audiogateway.tools.base import Desk, Tool, ToolArguments, ToolResult, failed
from calls.contracts import Command, CommandName

SECONDS_PER_KEY = 0.5
"""At most; a pause is the longest."""


class SendDtmfArguments(ToolArguments):
    digits: str = Field(
        pattern=r"^[0-9*#A-Dw]{1,32}$",
        description="The keys, in their order: 0-9, *, #, A-D; w waits for half a second. For example 2 or 4711#.",
    )


async def send_dtmf(arguments: SendDtmfArguments, desk: Desk) -> ToolResult:
    if loop := desk.menu.loop(desk.talk.heard_texts()):
        return failed(loop)
    desk.menu.note_send()
    problem = await _press(arguments.digits, desk)
    desk.note("keys_pressed", {"digits": arguments.digits, "problem": problem})
    if problem:
        return failed(f"{problem} Say what you want instead, or call end_call with the outcome failed.")
    desk.talk.keys_were_pressed()
    return ToolResult({"ok": True, "next": "Listen without a word to what comes."}, reply=False)


async def _press(digits: str, desk: Desk) -> str:
    """What went wrong, in words; empty when the keys were pressed."""
    command = Command(desk.order.call_id, CommandName.SEND_DTMF, {"digits": digits}, desk.command_id)
    ack = await desk.commands.send(command, takes_seconds=SECONDS_PER_KEY * len(digits))
    if ack is None:
        return "It is unknown whether the keys were pressed."
    return "" if ack.ok else f"The keys could not be pressed: {ack.error}"


SEND_DTMF = Tool(
    name="send_dtmf",
    description=(
        "Press telephone keys in an automatic phone menu. Say nothing before and after it; you hear what the menu "
        "answers."
    ),
    arguments=SendDtmfArguments,
    run=send_dtmf,
)
