"""transfer_call: puts the callee through to a person, by whoever controls the call at the PBX."""

from pydantic import Field

from audiogateway.tools.base import Desk, Tool, ToolArguments, ToolResult, failed
from calls.contracts import Command, CommandName

APOLOGIZE = "Apologize, say that you cannot put them through now and that somebody will be in touch, and go on."


class TransferCallArguments(ToolArguments):
    reason: str = Field(max_length=500, description="Why the callee wants a person, in one sentence.")


async def transfer_call(arguments: TransferCallArguments, desk: Desk) -> ToolResult:
    command = Command(desk.order.call_id, CommandName.TRANSFER_CALL, {"reason": arguments.reason}, desk.command_id)
    ack = await desk.commands.send(command)
    problem = "Nobody confirmed the transfer." if ack is None else "" if ack.ok else ack.error
    desk.note("transfer", {"reason": arguments.reason, "problem": problem})
    if problem:
        return failed(f"The call could not be transferred: {problem} {APOLOGIZE}")
    return ToolResult({"ok": True, "next": "The callee is being put through. Say nothing more."}, reply=False)


TRANSFER_CALL = Tool(
    name="transfer_call",
    description=(
        "The callee insists on speaking to a person. Say in the same turn that you will try to put them through, then "
        "call this."
    ),
    arguments=TransferCallArguments,
    run=transfer_call,
)
