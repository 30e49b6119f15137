"""The protocol alone, driven by any client and any timing: what it sends is always well formed and in order."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.openai.realtime.protocol import RealtimeProtocol, Recognize, Respond
from sandbox.openai.realtime.response import Response
from sandbox.speech import g711
from tests.sandbox.openai_realtime.test_turn_detection import silence, tone
from tests.sandbox.openai_realtime.wire import check

LOUD, QUIET = (
    base64.b64encode(g711.encode(sound.astype("<i2").tobytes())).decode() for sound in (tone(400), silence(600))
)
MU_LAW = {"input": {"format": {"type": "audio/pcmu"}}, "output": {"format": {"type": "audio/pcmu"}}}
DETECTION = st.sampled_from([None, {"type": "semantic_vad"}, {"type": "server_vad", "idle_timeout_ms": 5000}])
ITEM_ID = st.sampled_from(["one", "two", "spoken", "root"])


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def text_item(item_id: str, role: str) -> dict[str, Any]:
    part = {"type": "output_text" if role == "assistant" else "input_text", "text": "Hello?"}
    return {"type": "message", "id": item_id, "role": role, "content": [part]}


def update(detection: dict[str, Any] | None) -> dict[str, Any]:
    audio = {"input": MU_LAW["input"] | {"turn_detection": detection, "transcription": {}}, "output": MU_LAW["output"]}
    return event("session.update", session={"type": "realtime", "audio": audio})


CLIENT_EVENTS = st.one_of(
    st.builds(update, DETECTION),
    st.sampled_from([LOUD, QUIET, QUIET]).map(lambda audio: event("input_audio_buffer.append", audio=audio)),
    st.sampled_from(
        [event("input_audio_buffer.commit"), event("input_audio_buffer.clear"), event("response.cancel"), event("?")]
    ),
    st.builds(
        lambda i, r: event("conversation.item.create", item=text_item(i, r)),
        ITEM_ID,
        st.sampled_from(["user", "assistant"]),
    ),
    st.builds(lambda i: event("conversation.item.delete", item_id=i), ITEM_ID),
    st.builds(lambda i: event("conversation.item.retrieve", item_id=i), ITEM_ID),
    st.builds(
        lambda i, ms: event("conversation.item.truncate", item_id=i, content_index=0, audio_end_ms=ms),
        ITEM_ID,
        st.integers(0, 3000),
    ),
    st.sampled_from(["auto", "auto", "none"]).map(lambda c: event("response.create", response={"conversation": c})),
)
STEPS = st.sampled_from(["open", "say", "close", "call", "complete", "fail", "hear"])


class Stage:
    """Performs responses and recognises audio at the whim of the test."""

    def __init__(self) -> None:
        self.protocol = RealtimeProtocol("gpt-realtime-2.1", expires_at=0)
        self.protocol.start()
        self.sent: list[dict[str, Any]] = []
        self.last_spoken = ""

    def receive(self, message: dict[str, Any]) -> None:
        if message.get("item_id") == "spoken":
            message = message | {"item_id": self.last_spoken}
        self.protocol.receive(json.dumps(message))
        self._drain()

    def step(self, name: str) -> None:
        for want in list(self.protocol.wanted):
            if isinstance(want, Recognize) and name == "hear":
                self.protocol.heard(want.item, "Hello?")
                self.protocol.wanted.remove(want)
            if isinstance(want, Respond) and want.response.active:
                self._perform(want.response, name)
        self._drain()

    def _perform(self, response: Response, name: str) -> None:
        is_open = response._open is not None
        match name:
            case "open" if not is_open:
                response.open_message()
            case "say" if is_open:
                self.protocol.say(response, "word ", bytes(800))
            case "close" if is_open:
                response.close_message()
            case "call" if not is_open:
                response.call_function("end_call", '{"reason": "the end of it"}')
            case "complete":
                response.complete(self.protocol.count(response))
                self.protocol.ended(response)
            case "fail":
                response.fail("server_error", "server_error", "Sorry.", self.protocol.count(response))
                self.protocol.ended(response)

    def _drain(self) -> None:
        for sent in self.protocol.outgoing:
            self.sent.append(json.loads(json.dumps(sent)))
            if sent["type"] == "response.output_audio.delta":
                self.last_spoken = sent["item_id"]
        self.protocol.outgoing.clear()


@settings(max_examples=150, deadline=None)
@given(DETECTION, st.lists(st.tuples(CLIENT_EVENTS, st.lists(STEPS, max_size=4)), min_size=5, max_size=20))
def test_any_talk_is_well_formed(
    detection: dict[str, Any] | None, script: list[tuple[dict[str, Any], list[str]]]
) -> None:
    stage = Stage()
    stage.receive(update(detection))
    for message, steps in script:
        stage.receive(message)
        for name in steps:
            stage.step(name)
    for sent in stage.sent:
        check(sent)
    assert len({sent["event_id"] for sent in stage.sent}) == len(stage.sent)
    _responses_follow_one_another(stage.sent)
    _items_are_added_once_and_done_once(stage.sent)
    _deltas_belong_to_an_open_part(stage.sent)


def _responses_follow_one_another(sent: list[dict[str, Any]]) -> None:
    """In the conversation there is one at a time; each is done at most once, and silent after."""
    active: str | None = None
    over: set[str] = set()
    for each in sent:
        if each["type"] == "response.created" and each["response"]["conversation_id"]:
            assert active is None
            active = each["response"]["id"]
        elif each["type"] == "response.done":
            assert each["response"]["id"] not in over
            over.add(each["response"]["id"])
            assert {item["status"] for item in each["response"]["output"]} <= {"completed", "incomplete"}
            active = None if each["response"]["id"] == active else active
        else:
            assert each.get("response_id") not in over


def _items_are_added_once_and_done_once(sent: list[dict[str, Any]]) -> None:
    existing: set[str] = set()
    for each in sent:
        if each["type"] == "conversation.item.added":
            assert each["item"]["id"] not in existing
            existing.add(each["item"]["id"])
        elif each["type"] == "conversation.item.deleted":
            existing.remove(each["item_id"])
        elif each["type"] == "conversation.item.done":
            assert each["item"]["id"] in existing
            assert each["item"]["status"] in {"completed", "incomplete"}


def _deltas_belong_to_an_open_part(sent: list[dict[str, Any]]) -> None:
    parts: set[str] = set()
    for each in sent:
        if each["type"] == "response.content_part.added":
            parts.add(each["item_id"])
        elif each["type"] == "response.content_part.done":
            parts.remove(each["item_id"])
        elif each["type"].startswith("response.output_audio"):
            assert each["item_id"] in parts
