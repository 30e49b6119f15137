"""report_voicemail: a machine takes messages. The brief says whether one is left, or the model, as instructed."""

from pydantic import Field

from audiogateway.tools.base import Desk, Tool, ToolArguments, ToolResult

AFTER_BEEP = "Say nothing now. The beep is listened for, and then it is your turn."
NOW = "The machine records: it is your turn now."
MESSAGE = (
    "Say in one or two short sentences that an AI calls, for whom, why, and that you will call again or what to do; no "
    "private details. Say goodbye in the same turn, and call end_call with the outcome voicemail."
)


class ReportVoicemailArguments(ToolArguments):
    leave_message: bool = Field(description="Whether a message shall be left, by what the owner instructs.")


async def report_voicemail(arguments: ReportVoicemailArguments, desk: Desk) -> ToolResult:
    policy = desk.order.brief.voicemail
    leaves = arguments.leave_message if policy == "as_instructed" else policy == "leave_message"
    desk.note("voicemail", {"leave_message": leaves}, command_id=desk.command_id)
    records = desk.talk.voicemail_answered(leave_message=leaves)
    if leaves:
        turn = NOW if records else AFTER_BEEP
        return ToolResult({"ok": True, "leave_message": True, "next": f"{turn} {MESSAGE}"}, reply=records)
    return ToolResult({"ok": True, "leave_message": False, "next": "The call is hung up."}, reply=False)


REPORT_VOICEMAIL = Tool(
    name="report_voicemail",
    description=(
        "An answering machine or voicemail has answered, and no person. Call this at once, without a word; its output "
        "says what to do."
    ),
    arguments=ReportVoicemailArguments,
    run=report_voicemail,
)
