"""Who has the floor, over loopback: personas of the sandbox who speak into the agent's words, and one who echoes."""

import pytest

from tests.audiogateway.test_talk import INTRODUCTION
from tests.audiogateway.test_talk_with_machines import talk_with
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.paced

CUTS_IN, MURMURS, ECHOES = 8, 18, 19
QUESTION = "Do you want to keep your appointment on Friday at ten?"
BRIEF = {"opening": f"Hello. {QUESTION}", "on_behalf_of": "Miller Dental"}
GREETING = f"{INTRODUCTION} {QUESTION}"


async def test_a_mhm_does_not_end_the_agents_sentence_and_the_answer_after_it_counts(
    openai_server: OpenAIServer,
) -> None:
    async with talk_with(openai_server, MURMURS, **BRIEF) as stage:
        await stage.is_over()
    assert stage.store.transcript[:3] == [
        ("agent", GREETING),
        ("callee", "Mhm."),
        ("callee", "Yes, that works for me."),
    ]
    assert (stage.store.figures["backchannels"], stage.store.figures["interruptions"]) == (1, 0)
    assert stage.store.over == ["agent_ended"]


@pytest.mark.long
async def test_whoever_talks_into_the_agents_words_is_heard_and_answered(openai_server: OpenAIServer) -> None:
    async with talk_with(openai_server, CUTS_IN, **BRIEF) as stage:
        await stage.is_over()
    (_, cut), (speaker, words), (answerer, _), *_ = stage.store.transcript
    assert GREETING.startswith(cut) and cut != GREETING
    assert (speaker, words, answerer) == ("callee", "Excuse me, who is calling, please?", "agent")
    assert stage.store.figures["interruptions"] == 1
    assert stage.store.over == ["agent_ended"]


async def test_an_agent_whose_own_voice_comes_back_is_not_interrupted_by_it(openai_server: OpenAIServer) -> None:
    async with talk_with(openai_server, ECHOES, **BRIEF) as stage:
        await stage.is_over()
    said = [words for speaker, words in stage.store.transcript if speaker == "callee"]
    assert said[0] == "Yes, that works for me."
    assert stage.store.transcript[0] == ("agent", GREETING)
    assert stage.store.figures["interruptions"] == 0
    assert stage.store.figures["ignored_echoes"] > 0
    assert stage.store.over == ["agent_ended"]
