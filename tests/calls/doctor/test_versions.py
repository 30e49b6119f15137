"""What the doctor says about versions of Asterisk."""

import pytest

from calls.doctor.findings import Level
from calls.doctor.versions import of_version


@pytest.mark.parametrize("text", ["22.10.1+dfsg+~cs6.17.60671434-1", "23.4.0", "20.20.0", "24.0.0"])
def test_versions_without_known_defects_are_fine(text: str) -> None:
    assert [finding.level for finding in of_version(text)] == [Level.OK]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("22.9.0", ["comfort-noise"]),
        ("23.3.1", ["comfort-noise"]),
        ("22.6.0", ["SIP status", "header", "comfort-noise"]),
        ("22.3.0", ["no keys", "TCP splits", "SIP status", "header", "comfort-noise"]),
        ("21.12.2", ["header", "comfort-noise"]),
        ("18.9.0", ["no keys", "TCP splits", "SIP status", "header", "comfort-noise"]),
    ],
)
def test_older_versions_are_said_to_have_what_they_have(text: str, words: list[str]) -> None:
    found = list(of_version(text))
    assert [word in finding.words for word, finding in zip(words, found, strict=True)] == [True] * len(words)
    assert Level.MISSING in {finding.level for finding in found}


@pytest.mark.parametrize("text", ["", "GIT-master-abc", "certified/abc"])
def test_a_version_that_cannot_be_read_is_said_to_be_unknown(text: str) -> None:
    assert [finding.level for finding in of_version(text)] == [Level.NOTE]
