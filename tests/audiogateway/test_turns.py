from hypothesis import given
from hypothesis import strategies as st

from audiogateway.turns import INAUDIBLE, TurnLedger, heard_part
from calls.contracts import TurnRecord


class Reader:
    """Writes down what the ledger gives, as the database does: the last word on each item counts."""

    def __init__(self) -> None:
        self.ledger = TurnLedger()
        self.turns: dict[str, TurnRecord] = {}

    def read(self) -> list[tuple[str, str]]:
        self.turns |= {turn.item_id: turn for turn in self.ledger.take_changed()}
        return [(turn.item_id, turn.heard_text) for turn in sorted(self.turns.values(), key=lambda t: t.position)]


def agent_says(ledger: TurnLedger, item_id: str, text: str, *, after: str | None, started_ms: int = 0) -> None:
    ledger.place(item_id, after)
    ledger.agent_started(item_id, started_ms)
    ledger.agent_said(item_id, text)


def callee_says(ledger: TurnLedger, item_id: str, text: str, *, after: str | None, started_ms: int = 0) -> None:
    ledger.callee_started(item_id, started_ms)
    ledger.callee_ended(item_id, started_ms + 500)
    ledger.place(item_id, after)
    ledger.callee_said(item_id, text)


def test_a_transcription_that_comes_after_the_answer_stands_before_it() -> None:
    reader = Reader()
    reader.ledger.callee_started("u1", 100)
    reader.ledger.callee_ended("u1", 900)
    reader.ledger.place("u1", None)
    agent_says(reader.ledger, "a1", "Fine.", after="u1")
    reader.ledger.agent_ended("a1", 2000, 500)
    reader.ledger.callee_said("u1", "Yes.")
    assert reader.read() == [("u1", "Yes."), ("a1", "Fine.")]


def test_an_item_that_is_placed_late_moves_to_where_it_belongs() -> None:
    reader = Reader()
    callee_says(reader.ledger, "u1", "Hello?", after=None)
    callee_says(reader.ledger, "u2", "Are you there?", after="u1")
    assert reader.read() == [("u1", "Hello?"), ("u2", "Are you there?")]
    agent_says(reader.ledger, "a1", "Hello.", after="u1")
    reader.ledger.agent_ended("a1", 900, 400)
    assert reader.read() == [("u1", "Hello?"), ("a1", "Hello."), ("u2", "Are you there?")]


def test_an_interrupted_turn_is_cut_to_what_was_heard() -> None:
    reader = Reader()
    agent_says(reader.ledger, "a1", "Do you want to keep your appointment?", after=None)
    reader.ledger.agent_cut("a1", 1500, heard_ms=500, total_ms=2000)
    assert reader.read() == [("a1", "Do you")]
    turn = reader.turns["a1"]
    assert (turn.text, turn.interrupted, turn.heard_ms) == ("Do you want to keep your appointment?", True, 500)


def test_the_whole_text_may_come_after_the_cut() -> None:
    reader = Reader()
    reader.ledger.agent_started("a1", 0)
    reader.ledger.agent_words("a1", "Do you")
    reader.ledger.agent_cut("a1", 700, heard_ms=600, total_ms=1200)
    reader.ledger.agent_said("a1", "Do you want it?")
    assert reader.read() == [("a1", "Do you")]


def test_what_was_never_played_is_no_turn() -> None:
    reader = Reader()
    reader.ledger.agent_said("a1", "Never heard.")
    reader.ledger.agent_cut("a1", 100, heard_ms=0, total_ms=900)
    assert reader.read() == []


def test_a_turn_of_which_nothing_reached_the_ear_was_not_heard() -> None:
    reader = Reader()
    agent_says(reader.ledger, "a1", "Good morning.", after=None)
    reader.ledger.agent_cut("a1", 20, heard_ms=0, total_ms=900)
    assert reader.read() == [("a1", "")]


def test_a_noise_without_words_is_no_turn() -> None:
    reader = Reader()
    callee_says(reader.ledger, "u1", "", after=None)
    assert reader.read() == []


def test_speech_that_could_not_be_transcribed_is_a_turn() -> None:
    reader = Reader()
    reader.ledger.callee_started("u1", 0)
    reader.ledger.callee_ended("u1", 500)
    reader.ledger.callee_not_understood("u1")
    assert reader.read() == [("u1", INAUDIBLE)]


def test_times_count_from_the_answer_and_the_first_start_counts() -> None:
    reader = Reader()
    reader.ledger.callee_started("u1", 300)
    reader.ledger.callee_started("u1", 999)
    reader.ledger.callee_ended("u1", 1200)
    reader.ledger.callee_said("u1", "Yes.")
    reader.read()
    assert (reader.turns["u1"].started_ms, reader.turns["u1"].ended_ms) == (300, 1200)


def test_nothing_is_written_twice_without_a_change() -> None:
    reader = Reader()
    callee_says(reader.ledger, "u1", "Yes.", after=None)
    assert reader.ledger.take_changed() != []
    assert reader.ledger.take_changed() == []


def test_words_are_waited_for_until_they_come_or_fail() -> None:
    ledger = TurnLedger()
    ledger.callee_started("u1", 0)
    assert not ledger.is_waiting_for_words()
    ledger.callee_ended("u1", 500)
    assert ledger.is_waiting_for_words()
    ledger.callee_said("u1", "")
    assert not ledger.is_waiting_for_words()


@given(st.text(alphabet="abc .,", max_size=60), st.integers(-5, 3000), st.integers(1, 3000))
def test_the_heard_part_is_a_beginning_of_whole_words(text: str, heard_ms: int, total_ms: int) -> None:
    part = heard_part(text, heard_ms, total_ms)
    assert text.startswith(part)
    assert len(part) * total_ms <= len(text) * max(heard_ms, 0) or heard_ms >= total_ms
    assert part == text or not part or text[len(part)].isspace()


@given(st.text(max_size=40), st.lists(st.integers(0, 2000), min_size=2, max_size=2))
def test_more_heard_is_never_less_text(text: str, times: list[int]) -> None:
    less, more = sorted(times)
    assert len(heard_part(text, less, 1000)) <= len(heard_part(text, more, 1000))


@given(st.permutations(["a", "b", "c", "d", "e"]))
def test_the_order_is_that_of_the_conversation_whatever_arrives_first(arrival: list[str]) -> None:
    before = {"a": None, "b": "a", "c": "b", "d": "c", "e": "d"}
    reader = Reader()
    for item in arrival:
        callee_says(reader.ledger, item, item.upper(), after=None)
    for item in "abcde":
        reader.ledger.place(item, before[item])
    assert [item for item, _ in reader.read()] == ["a", "b", "c", "d", "e"]
