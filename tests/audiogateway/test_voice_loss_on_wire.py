"""The model's connection breaks in the middle of a talk: the real sandbox, our gateway, a callee with a voice."""

import asyncio
from contextlib import AbstractAsyncContextManager

import numpy as np
import pytest

from audiogateway.phrases import Phrase
from sandbox.speech.voice import synthesize
from tests.audiogateway.prepared_phrases import PreparedPhrases
from tests.audiogateway.test_talk import SHORT, Stage, talk
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.paced

QUESTION = "Hello, this is the AI of Acme. Is this a good moment?"
YES = "Yes, that works for me."
ANSWER = "Thank you. I have noted that you want to keep your appointment on Friday at ten. Goodbye."
FOR_EVER = 1000
LOUD = 300


def short_talk(server: OpenAIServer, **brief: str) -> AbstractAsyncContextManager[Stage]:
    return talk(server, None, PreparedPhrases(), **SHORT | brief)


def agent_words(stage: Stage) -> str:
    """All that the agent said, without what it said to fill the silence."""
    turns = [text for speaker, text in stage.store.transcript if speaker == "agent"]
    return " ".join(text for text in turns if text != Phrase.MOMENT.value)


def kinds(stage: Stage) -> list[str]:
    return [kind for kind, _ in stage.store.events]


def longest_silence_seconds(heard: bytes | bytearray) -> float:
    """Between two sounds of the agent."""
    frames = np.abs(np.frombuffer(heard, "<i2").reshape(-1, 160)).max(axis=1) > LOUD
    return float(np.diff(np.flatnonzero(frames)).max() * 0.02)


async def answer_is_cut_off(server: OpenAIServer, stage: Stage, *, kind: str = "drop", after_ms: int = 1500) -> None:
    """The callee answers, and the agent's reply to it breaks off."""
    await stage.caller.wait_for_turn()
    server.fault(target="realtime", kind=kind, after_ms=after_ms)
    stage.caller.heard.clear()
    await stage.caller.say(synthesize(YES))


@pytest.mark.processes  # for the stage that has time
@pytest.mark.long
async def test_a_sentence_that_breaks_off_is_finished_by_another_session_and_nothing_is_said_twice(
    openai_server: OpenAIServer,
) -> None:
    async with short_talk(openai_server) as stage:
        await answer_is_cut_off(openai_server, stage)
        await stage.is_over()
        assert longest_silence_seconds(stage.caller.heard) < 2
    assert agent_words(stage) == f"{QUESTION} {ANSWER}"
    assert [text for speaker, text in stage.store.transcript if speaker == "callee"] == [YES]
    assert stage.store.over == ["agent_ended"]
    assert kinds(stage) == ["voice_lost", "voice_back", "end_call"]
    assert stage.store.figures["voice_losses"] == 1
    assert stage.store.figures["voice_away_ms"] < 2000


@pytest.mark.processes  # for the stage that has time
@pytest.mark.long
async def test_a_session_that_expires_in_mid_sentence_is_replaced(openai_server: OpenAIServer) -> None:
    async with short_talk(openai_server) as stage:
        await answer_is_cut_off(openai_server, stage, kind="session_expired", after_ms=0)
        await stage.is_over()
    assert agent_words(stage) == f"{QUESTION} {ANSWER}"
    assert (kinds(stage), stage.store.over) == (["voice_lost", "voice_back", "end_call"], ["agent_ended"])


@pytest.mark.processes  # for the stage that has time
@pytest.mark.long
async def test_a_server_that_refuses_at_first_is_asked_again_while_the_callee_hears_a_filler(
    openai_server: OpenAIServer,
) -> None:
    async with short_talk(openai_server) as stage:
        openai_server.fault(target="realtime", kind="status", status=503, times=4)
        await answer_is_cut_off(openai_server, stage, after_ms=0)
        await stage.is_over()
        assert longest_silence_seconds(stage.caller.heard) < 2
    assert agent_words(stage) == f"{QUESTION} {ANSWER}"
    assert ("agent", Phrase.MOMENT.value) in stage.store.transcript
    assert dict(stage.store.events)["voice_back"]["tries"] == 5


@pytest.mark.processes  # for the stage that has time
@pytest.mark.long
async def test_a_server_that_is_slow_to_answer_is_asked_anew(openai_server: OpenAIServer) -> None:
    async with short_talk(openai_server) as stage:
        openai_server.fault(target="realtime", kind="slow_handshake", seconds=30)
        await answer_is_cut_off(openai_server, stage)
        await stage.is_over()
    assert agent_words(stage) == f"{QUESTION} {ANSWER}"
    assert dict(stage.store.events)["voice_back"]["tries"] == 2


@pytest.mark.processes  # for the stage that has time
@pytest.mark.long
async def test_what_is_said_while_the_connection_is_away_is_heard_by_the_next_session(
    openai_server: OpenAIServer,
) -> None:
    async with short_talk(openai_server, first_speaker="callee") as stage:
        openai_server.fault(target="realtime", kind="status", status=503, times=5)
        openai_server.fault(target="realtime", kind="drop", after_ms=0)
        await stage.caller.say(synthesize("Hello?"))
        async with asyncio.timeout(10):
            while "voice_lost" not in kinds(stage):
                await stage.caller.listen(0.02)
        await stage.caller.say(synthesize("Never call me again."))
        await stage.is_over()
    assert [text for speaker, text in stage.store.transcript if speaker == "callee"] == [
        "Hello?",
        "Never call me again.",
    ]
    assert len(stage.store.do_not_call) == 1


async def test_who_hangs_up_while_the_connection_is_away_was_heard_all_the_same(openai_server: OpenAIServer) -> None:
    async with short_talk(openai_server, first_speaker="callee") as stage:
        openai_server.fault(target="realtime", kind="status", status=503, times=4)
        openai_server.fault(target="realtime", kind="drop", after_ms=0)
        await stage.caller.say(synthesize("Hello?"))
        async with asyncio.timeout(10):
            while "voice_lost" not in kinds(stage):
                await stage.caller.listen(0.02)
        await stage.caller.say(synthesize("Yes, please."))
        stage.caller.hang_up()
        await stage.is_over()
    assert stage.store.transcript[-1] == ("callee", "Yes, please.")
    assert stage.store.over == ["callee_hung_up"]


@pytest.mark.processes  # for the stage that has time
@pytest.mark.long
@pytest.mark.parametrize(("status", "cause"), [(503, "voice_lost"), (401, "voice_refused")])
async def test_a_connection_that_cannot_be_had_again_ends_in_an_apology(
    openai_server: OpenAIServer, status: int, cause: str
) -> None:
    async with short_talk(openai_server) as stage:
        openai_server.fault(target="realtime", kind="status", status=status, times=FOR_EVER)
        await answer_is_cut_off(openai_server, stage)
        await stage.is_over()
    assert stage.store.transcript[-1] == ("agent", Phrase.APOLOGY.value)
    assert (stage.store.over, kinds(stage)) == ([cause], ["voice_lost"])


@pytest.mark.processes  # for the stage that has time
@pytest.mark.long
async def test_an_account_without_money_is_not_asked_again(openai_server: OpenAIServer) -> None:
    async with short_talk(openai_server) as stage:
        await stage.caller.wait_for_turn()
        openai_server.fault(target="realtime", kind="response_failed", code="insufficient_quota")
        await stage.caller.say(synthesize(YES))
        await stage.is_over()
    assert stage.store.transcript[-1] == ("agent", Phrase.APOLOGY.value)
    assert (stage.store.over, kinds(stage)) == (["voice_refused"], [])


@pytest.mark.processes  # for the stage that has time
@pytest.mark.long
async def test_a_rate_limit_is_waited_for(openai_server: OpenAIServer) -> None:
    async with short_talk(openai_server) as stage:
        await stage.caller.wait_for_turn()
        openai_server.fault(target="realtime", kind="rate_limited", times=2)
        await stage.caller.say(synthesize(YES))
        await stage.is_over()
    assert agent_words(stage) == f"{QUESTION} {ANSWER}"
    assert stage.store.over == ["agent_ended"]


@pytest.mark.processes  # for the stage that has time
@pytest.mark.long
async def test_a_session_that_grows_old_is_replaced_and_the_callee_hears_nothing_of_it(
    openai_server: OpenAIServer,
) -> None:
    openai_server.fault(target="realtime", kind="session_limit", seconds=12)
    async with short_talk(openai_server) as stage:
        await stage.caller.wait_for_turn()
        async with asyncio.timeout(20):
            while "voice_rotated" not in kinds(stage):
                await stage.caller.listen(0.1)
        await stage.caller.say(synthesize(YES))
        await stage.is_over()
    assert agent_words(stage) == f"{QUESTION} {ANSWER}"
    assert kinds(stage) == ["voice_rotated", "end_call"]
    assert stage.store.figures["voice_rotations"] == 1
