"""Words that are prepared before they are needed: asked of the real sandbox, and of models that fail."""

import pytest

from audiogateway.phrases import Phrase, PhraseBook
from audiogateway.realtime import events
from audiogateway.realtime.connection import RealtimeAccess, RealtimeClient, Voice, VoiceListener
from audiogateway.realtime.openai_codec import Configuration, TurnDetection
from opendeep.core.errors import RetryableError
from tests.audiogateway.fakes import RecordingVoice, Spawned
from tests.openai_server import OpenAIServer

MU_LAW = "audio/pcmu"
CONFIGURATION = Configuration("Be brief.", [], "marin", "gpt-transcribe", "en", MU_LAW, MU_LAW, TurnDetection())


class Model:
    """Opens a session that answers with `script`."""

    def __init__(self, *script: events.Event) -> None:
        self.script = script
        self.opened = 0
        self.voice = RecordingVoice()

    async def open(self, configuration: Configuration, listener: VoiceListener) -> Voice:
        self.opened += 1
        if not self.script:
            raise RetryableError("The model cannot be reached.")
        for event in self.script:
            listener.on_event(event)
        return self.voice


async def test_both_phrases_are_said_by_the_model_in_the_voice_of_the_call(openai_server: OpenAIServer) -> None:
    spawned = Spawned()
    client = RealtimeClient(RealtimeAccess(openai_server.realtime_url, "gpt-realtime-2.1", "test-key"))
    book = PhraseBook(client.open, spawned)
    book.prepare(CONFIGURATION)
    await spawned.finished()
    said = book.of(CONFIGURATION)
    assert {phrase: recorded.text for phrase, recorded in said.items()} == {phrase: phrase.value for phrase in Phrase}
    assert all(4_000 < len(recorded.audio) < 64_000 for recorded in said.values())
    openai_server.fault(target="realtime", kind="status", status=503)
    book.prepare(CONFIGURATION)  # asks nobody: it would fail, and be logged
    await spawned.finished()
    assert book.of(CONFIGURATION) is said
    await client.close()


@pytest.mark.parametrize(
    "script",
    [
        (),
        (events.ResponseDone("r1", "failed", "", "insufficient_quota"),),
        (events.ResponseDone("r1", "completed", "", ""),),
        (events.ServerError("server_error", "No."),),
    ],
)
async def test_a_model_that_does_not_say_them_is_asked_again_with_the_next_call(
    script: tuple[events.Event, ...],
) -> None:
    model, spawned = Model(*script), Spawned()
    book = PhraseBook(model.open, spawned)
    for _ in range(2):
        book.prepare(CONFIGURATION)
        book.prepare(CONFIGURATION)
        await spawned.finished()
    assert (dict(book.of(CONFIGURATION)), model.opened) == ({}, 2)
    assert model.voice.is_closed or not script
