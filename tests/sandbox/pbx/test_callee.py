"""The person at the other end, tick by tick: no clock, no socket."""

import numpy as np
import pytest

from sandbox.pbx.callee import END_OF_TURN_TICKS, SILENCE, TICK_MS, Callee, Frame, is_speech, spoken, tone
from sandbox.script import Become, Beep, CutIn, Echo, HangUp, IfLong, Record, Ring, Say, Script, Vanish, Wait

LOUD: Frame = (b"\x00\x20" * 80) + (b"\x00\xe0" * 80)
HELLO = spoken("Hello?")
YES = spoken("Yes, please.")
BEEP = tone((1000,), 400)


def person(script: Script, *, goodbye: bool | None = False) -> Callee:
    return Callee(script, lambda _: goodbye)


def hear(callee: Callee, frame: Frame, duration_ms: int) -> list[Frame]:
    """Let time pass with one sound in the ear; gives what the person says, without the silence."""
    said = [callee.tick(frame) for _ in range(duration_ms // TICK_MS)]
    return [frame for frame in said if frame is not None and frame is not SILENCE]


def after_a_turn(callee: Callee) -> list[Frame]:
    hear(callee, LOUD, 1000)
    return hear(callee, SILENCE, 5000)


def test_a_person_greets_after_picking_up() -> None:
    callee = person(Script(on_answer=(Wait(100), Say("Hello?"))))
    assert callee.tick(SILENCE) is SILENCE
    assert tuple(hear(callee, SILENCE, 5000)) == HELLO


def test_a_person_does_not_greet_a_caller_who_speaks_already() -> None:
    callee = person(Script(on_answer=(Wait(500), Say("Hello?")), on_turn=((Say("Yes, please."),),)))
    assert hear(callee, LOUD, 1000) == []
    assert tuple(hear(callee, SILENCE, 5000)) == YES


def test_turns_are_answered_in_their_order_and_then_by_the_rest() -> None:
    script = Script(on_turn=((Say("Hello?"),), (Say("Yes, please."),)), on_more=(Beep(),))
    callee = person(script)
    assert [tuple(after_a_turn(callee)) for _ in range(4)] == [HELLO, YES, BEEP, BEEP]


def test_a_turn_ends_only_after_enough_silence() -> None:
    callee = person(Script(on_turn=((Say("Yes, please."),),)))
    pause_ms = (END_OF_TURN_TICKS - 1) * TICK_MS
    for _ in range(3):
        assert hear(callee, LOUD, 400) == []
        assert hear(callee, SILENCE, pause_ms) == []
    assert hear(callee, SILENCE, TICK_MS)


def test_a_click_is_no_turn() -> None:
    callee = person(Script(on_turn=((Say("Yes, please."),),)))
    for _ in range(5):
        hear(callee, LOUD, 100)
        assert hear(callee, SILENCE, 2000) == []


def test_what_the_caller_says_over_a_persons_words_is_no_turn() -> None:
    callee = person(Script(on_answer=(Say("Hello?"),), on_turn=((Say("Yes, please."),),)))
    assert hear(callee, LOUD, len(HELLO) * TICK_MS)
    assert hear(callee, SILENCE, 5000) == []


def test_a_caller_who_goes_on_after_a_pause_is_let_finish() -> None:
    callee = person(Script(on_turn=((Wait(400), Say("Yes, please.")), (Say("Hello?"),))))
    hear(callee, LOUD, 1000)
    assert hear(callee, SILENCE, END_OF_TURN_TICKS * TICK_MS + 100) == []
    assert hear(callee, LOUD, 1000) == []
    assert tuple(hear(callee, SILENCE, 5000)) == YES


def test_a_turn_without_an_answer_counts() -> None:
    callee = person(Script(on_turn=((), (Say("Yes, please."),))))
    assert after_a_turn(callee) == []
    assert tuple(after_a_turn(callee)) == YES


@pytest.mark.parametrize(("duration_ms", "answer"), [(1900, ()), (2000, YES)])
def test_an_answer_may_be_for_long_turns_only(duration_ms: int, answer: tuple[Frame, ...]) -> None:
    callee = person(Script(on_turn=((IfLong(2000), Say("Yes, please.")), (Say("Hello?"),))))
    hear(callee, LOUD, duration_ms)
    assert tuple(hear(callee, SILENCE, 5000)) == answer
    assert tuple(after_a_turn(callee)) == HELLO


def test_a_goodbye_is_answered_as_such_in_any_turn() -> None:
    callee = person(Script(on_turn=((Say("Yes, please."),),), on_goodbye=(Say("Hello?"), HangUp())), goodbye=True)
    assert tuple(after_a_turn(callee)) == HELLO
    assert callee.has_hung_up


def test_an_ear_that_is_busy_is_asked_again() -> None:
    answers = iter([None, None, True])
    callee = Callee(Script(on_goodbye=(Say("Hello?"),)), lambda _: next(answers))
    assert tuple(after_a_turn(callee)) == HELLO


def test_the_ear_gets_the_callers_last_words() -> None:
    asked: list[bytes] = []

    def ear(pcm: bytes) -> bool:
        asked.append(pcm)
        return False

    after_a_turn(Callee(Script(), ear))
    assert len(asked) == 1
    assert asked[0].endswith(LOUD + SILENCE * END_OF_TURN_TICKS)


def test_a_person_hangs_up_in_mid_sentence() -> None:
    callee = person(Script(on_turn=((Say("Yes, please.", share=0.5), HangUp()),)))
    said = after_a_turn(callee)
    assert len(said) == pytest.approx(len(YES) / 2, abs=1)
    assert tuple(said[:-1]) == YES[: len(said) - 1]
    assert callee.has_hung_up


def test_patience_with_a_silent_caller_has_an_end() -> None:
    callee = person(Script(patience_ms=3000))
    hear(callee, SILENCE, 2900)
    assert not callee.has_hung_up
    hear(callee, SILENCE, 200)
    assert callee.has_hung_up


def test_a_key_interrupts_and_is_answered() -> None:
    callee = person(Script(on_answer=(Say("Hello?"),), on_key=(("2", (Say("Yes, please."),)),)))
    hear(callee, SILENCE, 100)
    callee.press("9")
    assert callee.tick(SILENCE) == HELLO[5]
    callee.press("2")
    assert tuple(hear(callee, SILENCE, 5000)) == YES


def test_another_key_than_those_of_the_script_has_its_own_answer() -> None:
    callee = person(Script(on_key=(("2", (Say("Yes, please."),)),), on_other_key=(Say("Hello?"),)))
    callee.press("7")
    assert tuple(hear(callee, SILENCE, 5000)) == HELLO


def test_a_person_talks_into_a_long_sentence_once() -> None:
    callee = person(Script(on_turn=((Say("Yes, please."),),), cut_in=CutIn(1500, (Say("Hello?"),))))
    assert hear(callee, LOUD, 1480) == []
    assert callee.tick(LOUD) == HELLO[0]
    assert tuple(hear(callee, LOUD, 5000)) == HELLO[1:]
    assert tuple(hear(callee, SILENCE, 5000)) == YES


def test_a_short_sentence_is_not_talked_into() -> None:
    callee = person(Script(on_turn=((Say("Yes, please."),), (Wait(5000),)), cut_in=CutIn(1500, (Say("Hello?"),))))
    assert tuple(after_a_turn(callee)) == YES
    assert hear(callee, LOUD, 1400) + hear(callee, SILENCE, 2000) == []
    assert tuple(hear(callee, LOUD, 5000)) == HELLO


def test_a_machine_speaks_through_the_caller_and_answers_nothing_said() -> None:
    callee = person(Script(on_answer=(Wait(500), Say("Hello?")), on_more=(Say("Yes, please."),), is_machine=True))
    assert tuple(hear(callee, LOUD, 5000)) == HELLO
    assert hear(callee, SILENCE, 5000) == []


def test_silence_of_both_sides_has_its_steps_one_after_the_other() -> None:
    callee = person(Script(on_silence=((Say("Hello?"),), (Say("Yes, please."), HangUp())), silence_ms=2000))
    hear(callee, LOUD, 5000)
    assert hear(callee, SILENCE, 1980) == []
    assert tuple(hear(callee, SILENCE, len(HELLO) * TICK_MS)) == HELLO
    assert hear(callee, SILENCE, 1980) == []
    assert tuple(hear(callee, SILENCE, 5000)) == YES
    assert callee.has_hung_up


def test_a_key_begins_the_silences_anew() -> None:
    callee = person(Script(on_key=(("1", (Beep(),)),), on_silence=((Say("Hello?"),),), silence_ms=1000))
    assert tuple(hear(callee, SILENCE, 9000)) == HELLO
    callee.press("1")
    assert tuple(hear(callee, SILENCE, 9000)) == BEEP + HELLO


def test_a_recording_ends_when_the_caller_has_stopped() -> None:
    callee = person(Script(on_answer=(Record(silence_ms=2000), Beep()), is_machine=True))
    hear(callee, SILENCE, 1900)
    hear(callee, LOUD, 3000)
    assert hear(callee, SILENCE, 1980) == []
    assert tuple(hear(callee, SILENCE, 1000)) == BEEP


def test_a_recording_ends_when_the_tape_is_full() -> None:
    callee = person(Script(on_answer=(Record(max_ms=3000), Beep()), is_machine=True))
    assert hear(callee, LOUD, 2980) == []
    assert tuple(hear(callee, LOUD, 1000)) == BEEP


def test_silence_before_the_recording_does_not_count() -> None:
    callee = person(Script(on_answer=(Wait(4000), Record(silence_ms=2000), Beep()), is_machine=True))
    assert hear(callee, SILENCE, 5980) == []
    assert tuple(hear(callee, SILENCE, 1000)) == BEEP


def test_somebody_else_takes_over_with_a_script_and_a_patience_of_their_own() -> None:
    other = Script(on_answer=(Say("Hello?"),), on_turn=((Say("Yes, please."),),), patience_ms=3000)
    machine = Script(on_answer=(Wait(5000), Ring(100), Become(other)), on_key=(("1", (Beep(),)),), is_machine=True)
    callee = person(machine)
    assert tuple(hear(callee, SILENCE, 5200)) == tone((440, 480), 100) + HELLO[:4]
    callee.press("1")
    assert tuple(hear(callee, SILENCE, 1000)) == HELLO[4:]
    assert not callee.has_hung_up
    hear(callee, LOUD, 1000)
    assert tuple(hear(callee, SILENCE, 2000)) == YES


def test_a_line_that_vanished_gives_nothing_not_even_silence() -> None:
    callee = person(Script(on_turn=((Vanish(),),), patience_ms=1000))
    assert hear(callee, LOUD, 500) == []
    hear(callee, SILENCE, 800)
    assert {callee.tick(frame) for frame in (LOUD, SILENCE) * 200} == {None}
    assert not callee.has_hung_up


def test_somebody_without_a_limit_to_their_patience_stays() -> None:
    callee = person(Script(patience_ms=None))
    assert hear(callee, SILENCE, 3_600_000) == []
    assert not callee.has_hung_up


def test_the_beep_is_a_tone_of_its_pitch_and_length() -> None:
    samples = np.frombuffer(b"".join(BEEP), "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples))
    assert len(samples) == 8 * 400
    assert np.fft.rfftfreq(len(samples), 1 / 8000)[spectrum.argmax()] == 1000
    assert spectrum.max() ** 2 > 0.99 * (spectrum**2).sum()


def test_the_ringing_tone_has_two_pitches() -> None:
    samples = np.frombuffer(b"".join(tone((440, 480), 1000)), "<i2").astype(float)
    assert sorted(np.abs(np.fft.rfft(samples)).argsort()[-2:]) == [440, 480]


def test_speech_is_told_from_line_noise() -> None:
    assert is_speech(LOUD)
    assert not is_speech(SILENCE)
    assert not is_speech(b"\x40\x00\xc0\xff" * 80)


def test_a_telephone_that_echoes_gives_back_what_was_said_later_and_quieter() -> None:
    callee = Callee(Script(), lambda _: False, Echo(delay_ms=100, loss_db=20.0))
    sent = [callee.tick(LOUD if tick == 0 else SILENCE) for tick in range(10)]
    assert [tick for tick, frame in enumerate(sent) if frame != SILENCE] == [5]
    echo = np.frombuffer(sent[5] or b"", "<i2")
    assert 700 < np.abs(echo).mean() < 900  # a tenth of 8192
