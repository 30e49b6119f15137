"""Phrases that nobody had to ask a model for."""

from audiogateway.audio.g711 import linear_to_ulaw
from audiogateway.phrases import Phrase, PhraseBook, Recorded, Recordings
from audiogateway.realtime.openai_codec import Configuration
from sandbox.speech.voice import synthesize
from tests.audiogateway.fakes import no_voice


class PreparedPhrases(PhraseBook):
    """The sandbox's voice says them, in mu-law."""

    def __init__(self) -> None:
        super().__init__(no_voice, lambda work: work.close())

    def of(self, configuration: Configuration) -> Recordings:
        return {phrase: Recorded(linear_to_ulaw(synthesize(phrase.value)), phrase.value) for phrase in Phrase}

    def prepare(self, configuration: Configuration) -> None:
        return
