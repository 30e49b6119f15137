from audiogateway.onset_gate import OnsetGate, Verdict
from audiogateway.own_ears import GAP_MS, Onset

GATE_MS = 600


def gate(*, voiced_ms: int = 0, quiet_ms: int = 0) -> OnsetGate:
    """At the moment 1000."""
    return OnsetGate(GATE_MS, Onset(is_voice=bool(voiced_ms), voiced_ms=voiced_ms, quiet_ms=quiet_ms), 1000)


def speak(gate: OnsetGate, since_ms: int, until_ms: int) -> None:
    for now_ms in range(since_ms + 20, until_ms + 20, 20):
        gate.voice(now_ms)


def test_a_voice_pauses_until_it_has_lasted_and_then_interrupts() -> None:
    it = gate(voiced_ms=100)
    assert it.verdict(1000) is Verdict.PAUSES
    speak(it, 1000, 1480)
    assert it.verdict(1480) is Verdict.PAUSES
    speak(it, 1480, 1500)
    assert it.verdict(1500) is Verdict.INTERRUPTS


def test_after_a_gap_the_agent_goes_on() -> None:
    it = gate(voiced_ms=100)
    assert it.verdict(1000 + GAP_MS - 1) is Verdict.PAUSES
    assert it.verdict(1000 + GAP_MS) is Verdict.GOES_ON


def test_the_stops_within_a_word_count_as_voice() -> None:
    it = gate(voiced_ms=100)
    speak(it, 1000, 1200)
    speak(it, 1400, 1500)
    assert it.verdict(1500) is Verdict.INTERRUPTS


def test_the_silence_between_two_sounds_does_not_count() -> None:
    it = gate(voiced_ms=100)
    speak(it, 2000, 2400)
    assert it.verdict(2400) is Verdict.PAUSES


def test_a_sound_that_was_over_before_it_was_told_of_pauses_nobody() -> None:
    assert gate(voiced_ms=200, quiet_ms=GAP_MS).verdict(1000) is Verdict.GOES_ON


def test_without_a_voice_there_is_no_interruption_however_low_the_gate() -> None:
    it = OnsetGate(0, Onset(is_voice=False, quiet_ms=1500), 1000)
    assert it.verdict(1000) is Verdict.GOES_ON
    it.voice(1020)
    assert it.verdict(1020) is Verdict.INTERRUPTS
