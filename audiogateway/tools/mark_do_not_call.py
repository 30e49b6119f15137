"""mark_do_not_call: somebody said no, and that counts at once and for every campaign of the organization."""

from pydantic import Field

from audiogateway.tools.base import Desk, Tool, ToolArguments, ToolResult


class MarkDoNotCallArguments(ToolArguments):
    reason: str = Field(max_length=200, description="What the callee said, in one sentence.")


async def mark_do_not_call(arguments: MarkDoNotCallArguments, desk: Desk) -> ToolResult:
    """The store keeps the order until the database has taken it, so the model can be told so at once."""
    desk.store.mark_do_not_call(desk.order.call_id, reason=arguments.reason, source="call", at=desk.now())
    return ToolResult({"ok": True, "next": "Say that we will not call again, say goodbye, and call end_call."})


MARK_DO_NOT_CALL = Tool(
    name="mark_do_not_call",
    description=(
        "The callee does not want to be called again, ever. Call this at once when they say so in any words, "
        "before you answer."
    ),
    arguments=MarkDoNotCallArguments,
    run=mark_do_not_call,
)
