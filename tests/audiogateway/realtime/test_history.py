"""What was heard, as items for a session that was not there."""

import json
from typing import Any

import pytest
from openai.types.realtime import ConversationItemCreateEvent, ConversationItemDeleteEvent

from audiogateway.realtime.error_codes import Severity, severity
from audiogateway.realtime.history import (
    MAX_CHARS,
    MAX_ID_CHARS,
    MAX_ITEMS,
    Heard,
    Said,
    ToolUse,
    Unwritten,
    cut_retold,
    go_on,
    newest,
    retell,
)
from tests.audiogateway.realtime.test_openai_codec import unknown_keys

TALK: list[Heard] = [
    Said("item_a", "agent", "Hello, do you want to keep your appointment?"),
    Said("item_b", "callee", "Who is there?"),
    Said("item_c", "agent", "This is the", is_cut=True),
    ToolUse("item_d", "call_1", "send_dtmf", '{"digits": "2"}', '{"ok": true}'),
    ToolUse("item_e", "call_2", "end_call", "no JSON", None),
]


def items(events: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(event)["item"] for event in events]


@pytest.mark.parametrize("event", [*retell(TALK), go_on(), cut_retold("item_c", "This")[0]])
def test_every_item_has_the_shape_of_the_reference(event: bytes) -> None:
    assert unknown_keys(ConversationItemCreateEvent.model_validate_json(event, strict=True)) == []


def test_the_talk_is_told_in_its_order_with_its_ids() -> None:
    told = items(retell(TALK))
    assert [item.get("id") for item in told] == ["item_a", "item_b", "item_c", "item_d", None, "item_e"]
    assert [item.get("role") for item in told[:3]] == ["assistant", "user", "assistant"]
    assert told[2]["content"] == [{"type": "output_text", "text": "This is the …"}]
    assert told[4] == {"type": "function_call_output", "call_id": "call_1", "output": '{"ok": true}'}


def test_words_that_nobody_has_written_down_are_said_again_at_their_place() -> None:
    told = [json.loads(event)["type"] for event in retell([TALK[0], Unwritten("item_x", b"\xff" * 800), TALK[2]])]
    said_again = ["input_audio_buffer.append", "input_audio_buffer.commit"]
    assert told == ["conversation.item.create", *said_again, "conversation.item.create"]


def test_of_a_long_talk_the_newest_part_is_told() -> None:
    long: list[Heard] = [Said(f"item_{number}", "callee", "x" * (MAX_CHARS // 10)) for number in range(50)]
    assert [item.item_id for item in newest(long)] == [f"item_{number}" for number in range(40, 50)]
    many: list[Heard] = [Said(f"item_{number}", "callee", "x") for number in range(2 * MAX_ITEMS)]
    assert newest(many) == many[-MAX_ITEMS:]


def test_an_id_that_is_too_long_is_left_to_the_server() -> None:
    assert "id" not in items(retell([Said("x" * (MAX_ID_CHARS + 1), "callee", "Yes.")]))[0]


def test_a_turn_that_was_told_whole_and_interrupted_then_is_told_anew() -> None:
    shorter, deletion = cut_retold("item_a", "Hello, do")
    event = json.loads(shorter)
    assert (event["previous_item_id"], event["item"]["content"][0]["text"]) == ("item_a", "Hello, do …")
    assert ConversationItemDeleteEvent.model_validate_json(deletion, strict=True).item_id == "item_a"
    assert len(event["item"]["id"]) <= MAX_ID_CHARS
    assert cut_retold("item_a", "") == [deletion]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("response_cancel_not_active", Severity.BENIGN),
        ("conversation_already_has_active_response", Severity.BENIGN),
        ("input_audio_buffer_commit_empty", Severity.BENIGN),
        ("rate_limit_exceeded", Severity.RATE_LIMIT),
        ("session_expired", Severity.SESSION_OVER),
        ("invalid_api_key", Severity.FATAL),
        ("insufficient_quota", Severity.FATAL),
        ("model_not_found", Severity.FATAL),
        ("beta_api_shape_disabled", Severity.FATAL),
        ("account_deactivated", Severity.FATAL),
        ("server_error", Severity.RECOVERABLE),
        ("a_code_of_the_future", Severity.RECOVERABLE),
        ("", Severity.RECOVERABLE),
    ],
)
def test_errors_differ_in_what_they_mean_for_the_talk(code: str, expected: Severity) -> None:
    assert severity(code) is expected
