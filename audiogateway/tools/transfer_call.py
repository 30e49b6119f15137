"""transfer_call: puts the callee through to a person. Whom, is the owner's setting; here is only why."""

from pydantic import Field

from audiogateway.tools.base import Desk, Tool, ToolArguments, ToolResult, failed

NOBODY = "There is nobody to put them through to. Apologize, say that somebody will be in touch, and go on."


class TransferCallArguments(ToolArguments):
    reason: str = Field(max_length=500, description="Why the callee wants a person, in one sentence.")


async def transfer_call(arguments: TransferCallArguments, desk: Desk) -> ToolResult:
    if not desk.order.transfer_ring_seconds:
        return failed(NOBODY)
    desk.talk.transfer_after_last_words(arguments.reason, desk.command_id)
    return ToolResult({"ok": True, "next": "The callee is being put through. Say nothing more."}, reply=False)


TRANSFER_CALL = Tool(
    name="transfer_call",
    description=(
        "The callee insists on speaking to a person. Say in the same turn that you will try to put them through, then "
        "call this. Should nobody answer there, you get the callee back."
    ),
    arguments=TransferCallArguments,
    run=transfer_call,
    is_offered=lambda order: order.transfer_ring_seconds > 0,
)
