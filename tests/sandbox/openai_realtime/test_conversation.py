"""Items, their order, and truncation."""

from __future__ import annotations

import pytest

from sandbox.openai.realtime.audio import AudioFormat
from sandbox.openai.realtime.conversation import Conversation, Item, message_item
from sandbox.openai.realtime.errors import ClientEventError


def text(item_id: str) -> Item:
    return message_item("user", [{"type": "input_text", "text": item_id}], item_id=item_id)


def spoken(words: str, milliseconds: int) -> Item:
    item = message_item("assistant", [{"type": "output_audio", "transcript": words}], item_id="said")
    item.words, item.spoken, item.spoken_format = words, bytes(milliseconds * 8), AudioFormat("audio/pcmu")
    return item


def ids(conversation: Conversation) -> list[str]:
    return [item.id for item in conversation]


def test_items_go_where_they_are_wanted() -> None:
    conversation = Conversation()
    assert conversation.add(text("b")) is None
    assert conversation.add(text("d")) == "b"
    assert conversation.add(text("a"), "root") is None
    assert conversation.add(text("c"), "b") == "b"
    assert ids(conversation) == ["a", "b", "c", "d"]


def test_an_unknown_place_adds_nothing() -> None:
    conversation = Conversation()
    with pytest.raises(ClientEventError, match="'x' does not exist"):
        conversation.add(text("a"), "x")
    assert ids(conversation) == []


def test_an_id_is_there_once() -> None:
    conversation = Conversation()
    conversation.add(text("a"))
    with pytest.raises(ClientEventError, match="exists already"):
        conversation.add(text("a"))


def test_deleted_items_are_gone() -> None:
    conversation = Conversation()
    conversation.add(text("a"))
    conversation.delete("a")
    with pytest.raises(ClientEventError) as refused:
        conversation.delete("a")
    assert refused.value.code == "item_delete_invalid_item_id"


def test_truncation_keeps_what_was_played_and_forgets_the_transcript() -> None:
    conversation = Conversation()
    item = spoken("One two three four.", 2000)
    conversation.add(item)
    conversation.truncate("said", 0, 1000)
    assert item.spoken_ms == 1000
    assert item.words == "One two"
    assert item.wire["content"] == [{"type": "output_audio", "transcript": ""}]


def test_truncation_at_the_very_end_keeps_every_word() -> None:
    conversation = Conversation()
    conversation.add(spoken("One two.", 2000))
    conversation.truncate("said", 0, 2000)
    assert next(iter(conversation)).words == "One two."


def test_truncation_at_nothing_keeps_no_word() -> None:
    conversation = Conversation()
    conversation.add(spoken("One two.", 2000))
    conversation.truncate("said", 0, 0)
    assert next(iter(conversation)).words == ""


def test_audio_that_was_never_made_cannot_be_cut() -> None:
    conversation = Conversation()
    conversation.add(spoken("One two.", 2000))
    with pytest.raises(ClientEventError, match="Audio content of 2000ms is already shorter than 2001ms"):
        conversation.truncate("said", 0, 2001)


@pytest.mark.parametrize(("item_id", "index", "code"), [
    ("said", 1, "invalid_value"),
    ("heard", 0, "unsupported_content_type"),
    ("nothing", 0, "item_truncate_invalid_item_id"),
])  # fmt: skip
def test_only_the_agents_audio_can_be_cut(item_id: str, index: int, code: str) -> None:
    conversation = Conversation()
    conversation.add(spoken("One two.", 2000))
    conversation.add(text("heard"))
    with pytest.raises(ClientEventError) as refused:
        conversation.truncate(item_id, index, 100)
    assert refused.value.code == code
