"""A second of fuzzing for each codec, and that fuzzing finds what is broken. Longer: `python -m tests.fuzz`."""

import random
from pathlib import Path

import pytest

from audiogateway.audiosocket import codec
from tests.fuzz import __main__ as command
from tests.fuzz.mutation import traffic
from tests.fuzz.targets import TARGETS

SECONDS = 0.7


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_traffic_breaks_no_promise(name: str, tmp_path: Path) -> None:
    assert command.fuzz(name, SECONDS, random.randrange(10**6), tmp_path) is None


@pytest.mark.parametrize("name", TARGETS)
def test_undamaged_traffic_is_understood(name: str) -> None:
    for piece in TARGETS[name].pieces:
        assert command.holds(name, "0", piece)


def test_a_broken_promise_is_found_saved_and_found_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(codec._LENGTHS, codec.Kind.DTMF, (0, 1))  # a key without a key
    path = command.fuzz("audiosocket", 30, seed=1, found=tmp_path)
    assert path is not None
    assert command.main(["--replay", str(path)]) == 1
    monkeypatch.undo()
    assert command.main(["--replay", str(path)]) == 0


def test_the_same_seed_gives_the_same_input() -> None:
    pieces = TARGETS["ami"].pieces
    assert traffic(random.Random("7-3"), pieces) == traffic(random.Random("7-3"), pieces)
