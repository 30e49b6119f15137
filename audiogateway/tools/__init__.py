"""What the agent can do besides talking. To add a tool, write its module and add its row."""

from typing import Any

from audiogateway.tools.base import Tool
from audiogateway.tools.end_call import END_CALL
from audiogateway.tools.mark_do_not_call import MARK_DO_NOT_CALL
from audiogateway.tools.report_voicemail import REPORT_VOICEMAIL
from audiogateway.tools.request_user_info import REQUEST_USER_INFO
from audiogateway.tools.reschedule_call import RESCHEDULE_CALL
from audiogateway.tools.send_dtmf import SEND_DTMF
from audiogateway.tools.transfer_call import TRANSFER_CALL
from calls.contracts import TalkOrder

TOOLS: dict[str, Tool[Any]] = {
    tool.name: tool
    for tool in (
        END_CALL,
        MARK_DO_NOT_CALL,
        RESCHEDULE_CALL,
        REQUEST_USER_INFO,
        SEND_DTMF,
        REPORT_VOICEMAIL,
        TRANSFER_CALL,
    )
}

TOOLS_JSON: list[dict[str, Any]] = [tool.to_json() for tool in TOOLS.values()]
"""Built once: a schema takes its time."""


def offered_json(order: TalkOrder) -> list[dict[str, Any]]:
    """What the model may call in this call."""
    return [shown for tool, shown in zip(TOOLS.values(), TOOLS_JSON, strict=True) if tool.is_offered(order)]
