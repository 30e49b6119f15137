"""What each persona does on the line, for a gateway that follows a script of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest

from sandbox.pbx.callee import is_speech
from sandbox.pbx.server import serving
from sandbox.pbx.settings import Settings
from sandbox.speech.voice import synthesize
from tests.sandbox.pbx.lockstep import LockstepClock, LockstepTalk
from tests.sandbox.pbx.test_calls import FAREWELL, QUESTION, RECOGNIZER, Journal, answered, heard, originate
from tests.sandbox.pbx.wire import AmiClient, Gateway

Dial = Callable[[int], Awaitable[tuple[str, LockstepTalk]]]

AGENT = synthesize("Of course. I will be glad to tell you about it.", voice="agent")


@pytest.fixture
def clock() -> LockstepClock:
    return LockstepClock()


@pytest.fixture
async def pbx(settings: Settings, clock: LockstepClock) -> AsyncIterator[int]:
    async with serving(settings, clock=clock) as port:
        yield port


@pytest.fixture
def dial(client: AmiClient, gateway: Gateway, clock: LockstepClock) -> Dial:
    """Gives the id of a call that this persona has picked up, and its voice connection."""

    async def dial(persona: int) -> tuple[str, LockstepTalk]:
        call_id, line = await answered(client, gateway, persona)
        return call_id, LockstepTalk(line, clock)

    return dial


def tone_ms(pcm: bytes, hz: int) -> int:
    """For how long that tone was there, and nothing else."""
    frames = np.frombuffer(pcm, "<i2").astype(float).reshape(-1, 160)
    spectra = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    pure = spectra[:, round(hz / 50)] > 0.9 * np.maximum(spectra.sum(axis=1), 1)
    return int(pure.sum()) * 20


async def test_a_voicemail_greets_beeps_and_records_until_the_caller_stops(
    dial: Dial, client: AmiClient, journal: Journal
) -> None:
    call_id, line = await dial(3)
    greeting = await line.listen(8500)
    assert heard(greeting) == "Hello, I cannot take your call right now. Please leave a message after the tone."
    assert tone_ms(greeting, 1000) == pytest.approx(400, abs=40)
    await line.speak(QUESTION * 2)
    spoken_ms = sum(is_speech((QUESTION * 2)[at : at + 320]) for at in range(0, len(QUESTION) * 2, 320)) * 20
    rest = await line.listen(60_000)
    assert len(rest) == pytest.approx(5000 * 16, abs=500 * 16)
    assert not any(rest)
    await client.until(Event="HangupRequest", Uniqueid=call_id)
    await client.until(Event="Hangup", Uniqueid=call_id)
    assert journal()[-1]["ended_by"] == "callee"
    assert journal()[-1]["recorded_ms"] == pytest.approx(spoken_ms, abs=100)


async def test_a_voicemail_is_full_after_half_a_minute(dial: Dial) -> None:
    _, line = await dial(3)
    greeting = await line.listen(8500)
    recorded = await line.speak(QUESTION * 20)
    assert tone_ms(greeting, 1000) == pytest.approx(400, abs=40)
    assert len(recorded) == pytest.approx(30_000 * 16, abs=3000 * 16)


async def test_a_voicemail_is_not_impressed_by_a_caller_who_talks_over_its_greeting(dial: Dial) -> None:
    _, line = await dial(3)
    greeting = await line.speak((QUESTION * 3)[: 8500 * 16])
    assert heard(greeting).endswith("Please leave a message after the tone.")


MENU = "For new appointments, press one. If you want to speak to a person, press two."


async def test_a_menu_repeats_itself_and_gives_up_when_nobody_chooses(dial: Dial) -> None:
    _, line = await dial(6)
    said = heard(await line.listen(120_000))
    assert said.startswith("Welcome, you have reached our automatic service.")
    assert said.count(MENU) == 3
    assert said.endswith("We did not receive your choice.")


async def test_a_menu_refuses_a_wrong_key_and_leads_to_a_person_by_the_right_one(
    dial: Dial, client: AmiClient, journal: Journal
) -> None:
    call_id, line = await dial(6)
    await line.listen(2000)
    await client.ask("PlayDTMF", Channel=call_id, Digit="7")
    assert heard(await line.listen(8500)) == f"This is not a valid choice. {MENU}"
    await client.ask("PlayDTMF", Channel=call_id, Digit="1")
    assert heard(await line.listen(9500)) == f"New appointments can be made on our website. {MENU}"
    await client.ask("PlayDTMF", Channel=call_id, Digit="2")
    connecting = await line.listen(8500)
    assert heard(connecting[: 3500 * 16]) == "Please hold, you are being connected."
    assert heard(connecting[5500 * 16 :]) == "Hello?"
    await line.speak(QUESTION)
    assert heard(await line.listen(3000)) == "Yes, that works for me."
    await line.speak(FAREWELL)
    assert heard(await line.listen(3000)) == "Thank you, goodbye."
    assert [entry["digit"] for entry in journal() if entry["event"] == "key"] == ["7", "1", "2"]


async def test_a_person_talks_into_the_first_long_sentence_and_answers_the_next(dial: Dial) -> None:
    _, line = await dial(8)
    said = await line.speak(QUESTION[: 2000 * 16]) + await line.listen(3000)
    onset = next(at for at in range(0, len(said), 320) if is_speech(said[at : at + 320]))
    assert onset / 16 == pytest.approx(1600, abs=150)
    assert heard(said) == "Excuse me, who is calling, please?"
    await line.speak(QUESTION)
    assert heard(await line.listen(3000)) == "Yes, that works for me."


async def test_a_silent_person_sends_silence_and_stays(dial: Dial) -> None:
    _, line = await dial(9)
    await line.speak(QUESTION)
    silence = await line.listen(70_000)
    assert len(silence) == 70_000 * 16
    assert not any(silence)


async def test_a_silent_telephone_may_send_no_audio_at_all(dial: Dial, client: AmiClient) -> None:
    call_id, line = await dial(15)
    await line.listen(60_000)
    assert (await client.until(Event="Hangup", Uniqueid=call_id))["Cause"] == "44"
    assert line.talk.heard == b""


async def test_a_person_asks_waits_most_of_a_minute_and_thanks(dial: Dial) -> None:
    _, line = await dial(10)
    await line.listen(2000)
    await line.speak(QUESTION)
    assert heard(await line.listen(4000)) == "Before I decide, may I bring my dog?"
    await line.speak(AGENT)
    assert not any(await line.listen(55_000))
    await line.speak(AGENT)
    assert heard(await line.listen(5000)) == "Thank you for asking. Then yes, that works for me."
    await line.speak(FAREWELL)
    assert heard(await line.listen(3000)) == "Thank you, goodbye."


async def test_a_person_who_gets_no_answer_is_content_with_a_call_back(dial: Dial) -> None:
    _, line = await dial(10)
    await line.listen(2000)
    await line.speak(QUESTION)
    await line.listen(4000)
    await line.speak(FAREWELL)
    assert heard(await line.listen(3000)) == "Thank you, goodbye."


async def test_a_person_who_waits_in_vain_hangs_up_after_a_minute(dial: Dial) -> None:
    _, line = await dial(10)
    await line.listen(2000)
    await line.speak(QUESTION)
    await line.listen(4000)
    assert len(await line.listen(120_000)) < 60_000 * 16


async def test_a_wrong_number_says_so(dial: Dial) -> None:
    _, line = await dial(11)
    await line.listen(2000)
    await line.speak(QUESTION)
    assert heard(await line.listen(5000)) == "You have the wrong number. There is no such person here."
    await line.speak(FAREWELL)
    assert heard(await line.listen(60_000)) == "Goodbye."


async def test_without_a_free_circuit_the_call_fails_as_in_asterisk(client: AmiClient, journal: Journal) -> None:
    call_id = originate(client, 12)
    assert (await client.until(Event="DialEnd"))["DialStatus"] == "CONGESTION"
    hangup = await client.until(Event="Hangup", Uniqueid=call_id)
    assert (hangup["Cause"], hangup["Cause-txt"], hangup["TechCause"]) == ("34", "Circuit/channel congestion", "503")
    assert not journal()[-1]["answered"]


async def test_a_line_goes_dead_in_mid_sentence_and_is_given_up_without_a_word_of_the_callee(
    dial: Dial, client: AmiClient, journal: Journal
) -> None:
    call_id, line = await dial(13)
    await line.listen(2000)
    record = client.record()
    await line.speak(QUESTION)
    assert len(await line.listen(10_000)) < 3000 * 16
    words = RECOGNIZER.recognize(bytes(line.talk.heard[2000 * 16 :]))
    assert words is not None
    assert (words.text, words.complete) == ("Just a moment, let me see what", False)
    hangup = await client.until(Event="Hangup", Uniqueid=call_id)
    assert (hangup["Cause"], hangup["Cause-txt"]) == ("44", "Requested channel not available")
    assert "HangupRequest" not in {message.get("Event") for message in record}
    assert journal()[-1]["ended_by"] == "trunk"


async def test_the_sound_of_a_callee_can_stop_for_a_while_on_demand(dial: Dial, client: AmiClient) -> None:
    call_id, line = await dial(9)
    await line.listen(200)
    await client.ask("SandboxFault", Fault="StopAudio", Seconds="1", Channel=call_id)
    assert await line.listen(1000) == b""
    assert await line.listen(200) == bytes(200 * 16)
