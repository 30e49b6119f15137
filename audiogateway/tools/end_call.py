"""end_call: the agent takes leave. The line is cut when its last words have been heard."""

from typing import Literal

from pydantic import Field

from audiogateway.tools.base import Desk, Tool, ToolArguments, ToolResult

Outcome = Literal[
    "completed",
    "declined",
    "callback",
    "do_not_call",
    "wrong_number",
    "voicemail",
    "not_understood",
    "no_answer",
    "failed",
]


class EndCallArguments(ToolArguments):
    reason: str = Field(max_length=500, description="Why the call ends, in one sentence.")
    outcome: Outcome = Field(description="What came of the call.")


async def end_call(arguments: EndCallArguments, desk: Desk) -> ToolResult:
    desk.note("end_call", {"reason": arguments.reason, "outcome": arguments.outcome}, command_id=desk.command_id)
    desk.talk.end_after_last_words("voicemail" if arguments.outcome == "voicemail" else "agent_ended")
    return ToolResult({"ok": True}, reply=False)


END_CALL = Tool(
    name="end_call",
    description="Hang up. Say goodbye in the same turn, before you call this; the line is cut after your last word.",
    arguments=EndCallArguments,
    run=end_call,
)
