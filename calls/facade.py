"""The only door into `calls` for other apps (with contracts.py).

Commands that change something are synchronous and transactional; asyncio callers wrap them with sync_to_async.
"""

from calls.questions.selectors import question_of_tool_call, questions_of_origin
from calls.questions.service import ask_owner, drop_questions, expire_question
from calls.selectors import (
    CallingTimes,
    active_call_count,
    call_view,
    calls_of_origin,
    decision_of,
    events_of,
    figures_of_group,
    latest_calls,
    next_calling_time,
    talk_order,
    transcript_of,
)
from calls.services.callee import note_callee, note_message_left
from calls.services.capacity import FreeLines, free_lines, sweep_when_a_line_frees
from calls.services.dialing import prepare_due
from calls.services.do_not_call import add_do_not_call, is_do_not_call, mark_do_not_call
from calls.services.groups import put_group
from calls.services.hangup import cancel_call, hang_up
from calls.services.outlook import hindrances, refusals
from calls.services.readiness import standstill
from calls.services.recordings import record_recording
from calls.services.requests import request_call, request_calls
from calls.services.talk import (
    media_up,
    record_event,
    record_figures,
    record_turns,
    record_usage,
    request_reschedule,
    talk_over,
    voice_failed,
    voice_ready,
)
from calls.trunks.service import conditions_of_trunks, outage_of

__all__ = [
    "CallingTimes",
    "FreeLines",
    "active_call_count",
    "add_do_not_call",
    "ask_owner",
    "call_view",
    "calls_of_origin",
    "cancel_call",
    "conditions_of_trunks",
    "decision_of",
    "drop_questions",
    "events_of",
    "expire_question",
    "figures_of_group",
    "free_lines",
    "hang_up",
    "hindrances",
    "is_do_not_call",
    "latest_calls",
    "mark_do_not_call",
    "media_up",
    "next_calling_time",
    "note_callee",
    "note_message_left",
    "outage_of",
    "prepare_due",
    "put_group",
    "question_of_tool_call",
    "questions_of_origin",
    "record_event",
    "record_figures",
    "record_recording",
    "record_turns",
    "record_usage",
    "refusals",
    "request_call",
    "request_calls",
    "request_reschedule",
    "standstill",
    "sweep_when_a_line_frees",
    "talk_order",
    "talk_over",
    "transcript_of",
    "voice_failed",
    "voice_ready",
]
