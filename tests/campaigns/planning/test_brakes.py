import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.planning.brakes import Brakes, Mark, mark_of, why_stop

DEFAULT = Brakes()
FINE, FAILURE, OPT_OUT, SILENT = Mark.FINE, Mark.FAILURE, Mark.OPT_OUT, Mark.SILENT


@pytest.mark.parametrize(
    ("outcome", "callee_spoke", "mark"),
    [
        ("completed", True, FINE),
        ("completed", False, SILENT),
        ("busy", False, FINE),
        ("no_answer", False, FINE),
        ("rejected", False, FINE),
        ("voicemail", False, FINE),
        ("failed", False, FAILURE),
        ("lost", False, FAILURE),
        ("dropped", True, FAILURE),
        ("unreachable", False, FAILURE),
        ("blocked", False, None),
        ("cancelled", False, None),
    ],
)
def test_what_counts_of_a_call(outcome: str, callee_spoke: bool, mark: Mark | None) -> None:
    assert mark_of(outcome, opted_out=False, callee_spoke=callee_spoke) == mark
    assert mark_of(outcome, opted_out=True, callee_spoke=callee_spoke) == OPT_OUT


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ([FINE] * 20, ""),
        ([FAILURE] * (DEFAULT.at_least - 1), ""),
        ([FAILURE] * 5 + [FINE] * 5, "5 of the last 10 calls failed"),
        ([FAILURE] * 4 + [FINE] * 6, ""),
        ([OPT_OUT] * 3 + [FINE] * 7, "3 of the last 10 calls asked not to be called again"),
        ([SILENT] * 10 + [FINE] * 10, "10 of the last 20 calls were answered and nobody said a word"),
        ([FAILURE] * 20 + [FINE] * 20, ""),
    ],
)
def test_a_campaign_stops_when_too_many_of_its_last_calls_were_bad(marks: list[Mark], words: str) -> None:
    assert words in why_stop(marks, DEFAULT) if words else why_stop(marks, DEFAULT) == ""


@pytest.mark.parametrize(
    ("brakes", "marks", "stops"),
    [
        (Brakes(of_last=4, at_least=2, failed=0.75), [FAILURE, FAILURE, FINE, FINE], False),
        (Brakes(of_last=4, at_least=2, failed=0.75), [FAILURE, FAILURE, FAILURE, FINE], True),
        (Brakes(of_last=4, at_least=2, opted_out=0.01), [OPT_OUT, FINE, FINE, FINE], True),
        (Brakes(of_last=4, at_least=2, opted_out=None), [OPT_OUT] * 4, False),
        (Brakes(of_last=4, at_least=2, silent=1), [SILENT, SILENT, SILENT, FINE], False),
        (Brakes(of_last=4, at_least=2, silent=1), [SILENT] * 4, True),
        (Brakes(of_last=2, at_least=1), [FAILURE, FAILURE, FINE, FINE], False),
        (Brakes(of_last=4, at_least=4), [FAILURE] * 3, False),
    ],
)
def test_the_plan_says_how_many_are_too_many(brakes: Brakes, marks: list[Mark], stops: bool) -> None:
    assert bool(why_stop(marks, brakes)) is stops


@given(st.lists(st.sampled_from(list(Mark)), max_size=60))
def test_only_the_last_calls_count_and_the_reason_fits_its_column(marks: list[Mark]) -> None:
    assert why_stop(marks, DEFAULT) == why_stop(marks[-DEFAULT.of_last :], DEFAULT)
    assert len(why_stop(marks, DEFAULT)) <= 200
