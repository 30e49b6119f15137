"""What the callee said last, for a session that has not heard it."""

from hypothesis import given
from hypothesis import strategies as st

from audiogateway.tape import TAPE_MS, CalleeTape

RATE = 8


def recorded(ms: int) -> tuple[CalleeTape, bytes]:
    """A tape with numbered milliseconds."""
    tape = CalleeTape(bytes_per_ms=RATE)
    for number in range(ms // 20):
        tape.add(sound(number * 20, number * 20 + 20))
    return tape, sound(0, ms)


def sound(start_ms: int, end_ms: int) -> bytes:
    return b"".join(ms.to_bytes(RATE) for ms in range(start_ms, end_ms))


def test_a_new_session_hears_what_was_said_since_the_loss() -> None:
    tape, _ = recorded(1000)
    tape.session_lost()
    tape.add(sound(1000, 1500))
    assert tape.begin_session() == sound(1000, 1500)
    assert tape.session_ms == 500


def test_a_speech_that_was_going_on_is_heard_from_its_beginning() -> None:
    tape, _ = recorded(1000)
    tape.speech_started("u1", 400)
    tape.session_lost()
    tape.add(sound(1000, 1200))
    assert tape.begin_session() == sound(400, 1200)


def test_a_session_that_is_replaced_without_a_loss_has_heard_everything() -> None:
    tape, _ = recorded(1000)
    assert tape.begin_session() == b""
    tape.add(sound(1000, 1100))
    assert tape.session_ms == 100


def test_a_speech_whose_words_never_came_is_kept_and_one_that_is_written_is_not() -> None:
    tape, _ = recorded(2000)
    for item, start_ms in (("u1", 100), ("u2", 1000)):
        tape.speech_started(item, start_ms)
        tape.speech_stopped(item, start_ms + 500)
    tape.written("u1")
    assert tape.unwritten() == {"u2": sound(1000, 1500)}


def test_the_next_session_counts_from_its_own_beginning() -> None:
    tape, _ = recorded(1000)
    tape.session_lost()
    tape.add(sound(1000, 1400))
    tape.begin_session()
    tape.shift(100 * RATE)  # it was told a tenth of a second of older words before
    tape.add(sound(1400, 2000))
    tape.speech_started("u1", 100 + 200)
    tape.speech_stopped("u1", 100 + 600)
    assert tape.unwritten() == {"u1": sound(1200, 1600)}


@given(ms=st.integers(0, 3 * TAPE_MS), start=st.integers(0, 3 * TAPE_MS), length=st.integers(0, 3 * TAPE_MS))
def test_only_the_end_is_kept_and_what_is_kept_is_right(ms: int, start: int, length: int) -> None:
    tape = CalleeTape(bytes_per_ms=1)
    spoken = bytes(number % 251 for number in range(ms))
    for at in range(0, ms, 160):
        tape.add(spoken[at : at + 160])
    tape.speech_started("u1", start)
    tape.speech_stopped("u1", start + length)
    kept = tape.unwritten()["u1"]
    assert spoken[start : start + length].endswith(kept)
    if start >= ms - TAPE_MS:
        assert kept == spoken[start : start + length]
    assert len(kept) <= TAPE_MS + 160
