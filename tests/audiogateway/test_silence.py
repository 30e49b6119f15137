from audiogateway.silence import (
    AFTER_GREETING_MS,
    AFTER_MESSAGE_MS,
    LONGEST_GREETING_MS,
    LONGEST_HOLD_MS,
    LONGEST_MESSAGE_MS,
    PUT_THROUGH_MS,
    SILENCE_MS,
    SilenceWatch,
    Step,
)


def steps(watch: SilenceWatch, until_ms: int, *, since_ms: int = 0, is_quiet: bool = True) -> list[tuple[int, Step]]:
    """What is to be done, and when, asked every 100 ms."""
    asked = ((ms, watch.on_time(ms, is_quiet=is_quiet)) for ms in range(since_ms, until_ms + 1, 100))
    return [(ms, step) for ms, step in asked if step is not None]


def test_the_first_silence_is_asked_about_and_the_second_ends_the_call() -> None:
    assert steps(SilenceWatch(), 2 * SILENCE_MS + 100) == [(SILENCE_MS, Step.ASK), (2 * SILENCE_MS + 100, Step.END)]


def test_while_somebody_speaks_there_is_no_silence() -> None:
    watch = SilenceWatch()
    assert steps(watch, 60_000, is_quiet=False) == []
    assert steps(watch, 60_000 + SILENCE_MS, since_ms=60_000) == [(60_000 + SILENCE_MS, Step.ASK)]


def test_somebody_who_answers_is_asked_again_before_the_call_ends() -> None:
    watch = SilenceWatch(1_000)
    assert steps(watch, 1_000) == [(1_000, Step.ASK)]
    watch.callee_spoke()
    assert steps(watch, 3_000, since_ms=2_000) == [(3_000, Step.ASK)]


def test_a_menu_that_was_answered_may_be_silent_for_longer() -> None:
    watch = SilenceWatch()
    watch.keys_were_pressed()
    assert steps(watch, PUT_THROUGH_MS) == [(PUT_THROUGH_MS, Step.ASK)]


def test_a_menu_that_speaks_again_has_been_answered_long_ago() -> None:
    watch = SilenceWatch()
    watch.keys_were_pressed()
    watch.callee_spoke()
    assert steps(watch, SILENCE_MS) == [(SILENCE_MS, Step.ASK)]


def test_a_message_is_left_when_the_machine_is_quiet_and_then_nothing_is_asked() -> None:
    watch = SilenceWatch()
    watch.message_is_due(0)
    assert steps(watch, 5_000, is_quiet=False) == []
    watch.callee_spoke()
    first = 5_100 + AFTER_GREETING_MS
    assert steps(watch, 20_000, since_ms=5_100) == [(first, Step.LEAVE_MESSAGE), (first + 100 + SILENCE_MS, Step.END)]


def test_a_machine_that_records_is_asked_nothing_whatever_it_plays() -> None:
    watch = SilenceWatch()
    watch.message_begins(0)
    watch.callee_spoke()
    assert steps(watch, AFTER_MESSAGE_MS) == [(AFTER_MESSAGE_MS, Step.END)]
    watch.message_begins(0)
    assert steps(watch, LONGEST_MESSAGE_MS, is_quiet=False) == [(LONGEST_MESSAGE_MS, Step.END)]


def test_a_hold_lasts_as_long_as_patience_however_often_it_is_asked_for() -> None:
    watch = SilenceWatch()
    watch.put_on_hold(0)
    assert steps(watch, LONGEST_HOLD_MS // 2) == []
    watch.callee_spoke()
    watch.put_on_hold(LONGEST_HOLD_MS // 2)
    assert steps(watch, LONGEST_HOLD_MS, since_ms=LONGEST_HOLD_MS // 2) == [(LONGEST_HOLD_MS, Step.END)]


def test_somebody_who_comes_after_a_hold_is_a_person_again() -> None:
    watch = SilenceWatch()
    watch.put_on_hold(0)
    watch.somebody_is_there()
    assert steps(watch, SILENCE_MS) == [(SILENCE_MS, Step.ASK)]


def test_a_machine_that_never_stops_is_given_up() -> None:
    watch = SilenceWatch()
    watch.message_is_due(1_000)
    assert steps(watch, 70_000, is_quiet=False) == [(1_000 + LONGEST_GREETING_MS, Step.END)]
