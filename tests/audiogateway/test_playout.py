import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiogateway.playout import FRAME_MS, MAX_BUFFERED_MS, Cut, Finished, PlayoutBuffer, Started

FRAME = 160
SILENCE = 0xFF


def sound(ms: int, value: int = 1) -> bytes:
    return bytes([value]) * (ms * FRAME // FRAME_MS)


@pytest.fixture
def playout() -> PlayoutBuffer:
    return PlayoutBuffer(frame_bytes=FRAME, silence=SILENCE)


def play(playout: PlayoutBuffer, frames: int) -> list[bytes | None]:
    return [playout.take() for _ in range(frames)]


def test_an_empty_buffer_plays_silence(playout: PlayoutBuffer) -> None:
    assert play(playout, 3) == [None, None, None]


def test_sound_leaves_in_frames_of_20_ms_whatever_the_pieces_are(playout: PlayoutBuffer) -> None:
    for piece in (sound(7), sound(50), sound(3)):
        playout.add("a", piece)
    assert play(playout, 4) == [sound(20)] * 3 + [None]


def test_half_a_frame_waits_for_the_rest_of_it(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(10))
    assert playout.take() is None
    playout.add("a", sound(10))
    assert playout.take() == sound(20)


def test_the_last_frame_of_an_item_is_filled_with_silence(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(30))
    playout.finish("a")
    assert play(playout, 3) == [sound(20), sound(10) + sound(10, SILENCE), None]


def test_items_are_played_one_after_the_other(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(20, 1))
    playout.add("b", sound(20, 2))
    assert play(playout, 2) == [sound(20, 1), sound(20, 2)]


def test_an_item_that_is_followed_by_another_one_needs_no_end(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(10, 1))
    playout.add("b", sound(20, 2))
    assert play(playout, 2) == [sound(10, 1) + sound(10, SILENCE), sound(20, 2)]


def test_heard_is_what_was_written_minus_the_lead(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(200))
    play(playout, 5)
    assert playout.heard_ms("a") == 60
    assert playout.flush() == [Cut("a", 60, 200)]


def test_silence_that_was_written_after_it_carries_a_frame_to_the_ear(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(40))
    play(playout, 4)
    assert playout.heard_ms("a") == 40


def test_nothing_of_an_item_was_heard_while_its_only_frames_are_in_flight(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(100))
    play(playout, 2)
    assert playout.flush() == [Cut("a", 0, 100)]


def test_a_flush_tells_of_every_item_of_the_answer(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(60))
    playout.finish("a")
    playout.add("b", sound(100))
    playout.add("c", sound(40))
    play(playout, 6)
    assert playout.flush() == [Cut("b", 20, 100), Cut("c", 0, 40)]


def test_an_item_whose_last_frame_is_on_the_wire_is_not_interrupted(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(40))
    playout.finish("a")
    play(playout, 2)
    assert playout.flush() == []


def test_an_item_that_the_model_has_not_finished_is_interrupted_even_when_all_of_it_was_played(
    playout: PlayoutBuffer,
) -> None:
    playout.add("a", sound(40))
    play(playout, 5)
    assert playout.flush() == [Cut("a", 40, 40)]


def test_after_a_flush_there_is_silence_and_late_sound_of_the_item_is_dropped(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(100))
    playout.take()
    playout.flush()
    playout.add("a", sound(100))
    playout.finish("a")
    assert play(playout, 2) == [None, None]
    assert playout.dropped_bytes == len(sound(100))


def test_the_next_answer_plays_after_a_flush(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(100))
    playout.flush()
    playout.add("b", sound(20))
    assert playout.take() == sound(20)


def test_the_beginning_and_the_end_of_an_item_are_told_when_they_reach_the_wire(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(40))
    playout.finish("a")
    assert playout.changes == []
    playout.take()
    assert playout.changes == [Started("a")]
    playout.take()
    assert playout.changes == [Started("a"), Finished("a", 40)]


def test_an_item_that_ends_after_its_last_frame_was_taken_is_finished_then(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(20))
    playout.take()
    playout.finish("a")
    assert playout.changes[-1] == Finished("a", 20)


def test_it_is_quiet_only_when_the_last_sound_has_left_the_flight(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(20))
    playout.finish("a")
    playout.take()
    assert (playout.is_empty, playout.is_quiet) == (True, False)
    play(playout, 2)
    assert playout.is_quiet


def test_a_gap_in_the_middle_of_an_item_is_counted_once(playout: PlayoutBuffer) -> None:
    playout.add("a", sound(20))
    play(playout, 4)
    playout.add("a", sound(20))
    play(playout, 1)
    assert playout.underruns == 1


def test_a_model_that_never_stops_does_not_fill_the_memory(playout: PlayoutBuffer) -> None:
    for _ in range(MAX_BUFFERED_MS // 1000 + 5):
        playout.add("a", sound(1000))
    assert playout.received_ms("a") == MAX_BUFFERED_MS


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 500)), max_size=20), st.integers(0, 60))
def test_no_byte_is_lost_or_invented(pieces: list[tuple[str, int]], before_flush: int) -> None:
    playout = PlayoutBuffer(frame_bytes=FRAME, silence=SILENCE)
    for item, size in pieces:
        playout.add(item, bytes(size))
    played = sum(frame.count(0) for frame in play(playout, before_flush) if frame is not None)
    cuts = playout.flush()
    assert all(0 <= cut.played_ms <= cut.received_ms for cut in cuts)
    assert played <= sum(size for _, size in pieces) - playout.dropped_bytes
    assert playout.take() is None
