"""The state table of a call, as a table."""

from hypothesis import given
from hypothesis import strategies as st

from calls.states import AT_THE_PBX, LIVE, TRANSITIONS, Signal, State, next_state

signals = st.lists(st.sampled_from(Signal), max_size=40)


def run(order: list[Signal], state: State = State.QUEUED) -> State:
    for signal in order:
        state = next_state(state, signal) or state
    return state


@given(before=signals, after=signals)
def test_an_ended_call_stays_ended_whatever_comes(before: list[Signal], after: list[Signal]) -> None:
    ended = run([*before, Signal.END])
    assert ended is State.ENDED
    assert run(after, ended) is State.ENDED


def test_every_state_ends_at_once() -> None:
    assert all(next_state(state, Signal.END) is State.ENDED for state in State if state is not State.ENDED)


@given(order=signals)
def test_nothing_is_dialled_twice(order: list[Signal]) -> None:
    state, dials = State.QUEUED, 0
    for signal in order:
        target = next_state(state, signal)
        dials += target is State.DIALING
        state = target or state
    assert dials <= 1


def test_every_state_has_its_row_and_every_signal_its_place() -> None:
    assert set(TRANSITIONS) == set(State)
    assert {signal for edges in TRANSITIONS.values() for signal in edges} == set(Signal)


def test_only_a_call_that_was_not_dialled_returns_to_the_queue() -> None:
    returning = {state for state, edges in TRANSITIONS.items() if State.QUEUED in edges.values()}
    assert returning == {State.PREPARING}


def test_what_is_at_the_pbx_is_live_and_was_dialled() -> None:
    assert {State.PREPARING} == LIVE - AT_THE_PBX
    assert all(next_state(state, Signal.DIAL) is None for state in AT_THE_PBX)
