"""What happened to a call, in words: the kinds of calls.models.CallEvent. Pure."""

from collections.abc import Mapping

EVENT_WORDS: Mapping[str, str] = {
    "requested": "Wanted",
    "prepare": "The voice is prepared",
    "voice_ready": "The voice is ready",
    "voice_failed": "No voice could be had",
    "postpone": "Put off",
    "dial": "Dialled",
    "originate_accepted": "The telephone system dials",
    "originate_unknown": "The telephone system has not answered",
    "ring": "Rings",
    "early_media": "The line is heard",
    "answer": "Answered",
    "media_up": "Connected",
    "callee_kind": "Who is there",
    "machine_detection": "Guess of the telephone system",
    "voicemail": "A voicemail answered",
    "message_left": "A message was left",
    "keys_pressed": "The agent pressed keys",
    "key_pressed": "The callee pressed a key",
    "question_asked": "The agent asked you",
    "question_answered": "You answered",
    "question_expired": "The callee could not wait longer for your answer",
    "question_withdrawn": "The call ended before your answer",
    "question_dismissed": "Went on without an answer",
    "transfer_started": "Being put through to a person",
    "transfer_answered": "Talks with a person",
    "transfer_failed": "No person was reached",
    "reschedule_requested": "Asked to be called at another time",
    "do_not_call": "Asked not to be called",
    "voice_lost": "The voice was lost",
    "voice_back": "The voice is back",
    "voice_rotated": "The voice was renewed",
    "end_call": "The agent says goodbye",
    "command": "Order to the telephone system",
    "command_done": "The order was carried out",
    "command_failed": "The order could not be carried out",
    "hang_up_requested": "To be hung up",
    "hung_up": "Hung up",
    "vanished": "Gone from the telephone system",
    "line_error": "Trouble on the line",
    "talk_over": "The talk is over",
    "overdue": "Overdue",
    "end": "Ended",
}


def event_words(kind: str) -> str:
    """A signal that came too late keeps its code: it is read by who looks for a fault."""
    return EVENT_WORDS.get(kind) or kind.replace("_", " ")
