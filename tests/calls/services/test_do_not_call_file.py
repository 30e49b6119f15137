"""Lists as people send them: with and without head line, from several spreadsheets, with mistakes."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.services.do_not_call_file import EXPORTED, Entry, read_list, write_list
from opendeep.core.errors import DomainError


@pytest.mark.parametrize(
    "text",
    [
        "number,reason\n+12025550100,by mail\n",
        "\ufeffReason;Number\r\nby mail;+1 202 555 0100\r\n",
        "+12025550100\tby mail\n\n",
        "name,Phone,reason\nAda,(202) 555-0100,by mail",
        "number,reason\n+12025550100,by mail\n+12025550100,twice",
        "'+12025550100,by mail",
    ],
)
def test_lists_are_read_however_they_are_written(text: str) -> None:
    assert read_list(text.encode(), "US") == ([Entry("+12025550100", "by mail")], [])


def test_lines_that_are_no_numbers_are_named_and_the_others_taken() -> None:
    entries, problems = read_list(b"number\n+12025550100\nsoon\n2025550101\n", None)
    assert entries == [Entry("+12025550100", "")]
    assert [problem.line for problem in problems] == [3, 4]
    assert "is not a telephone number" in problems[0].message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"+1202\x00", "not text"),
        (b"name,mail\nAda,ada@example.com", "no column named number"),
        (b"1" * 10_000_001, "larger than 10 MB"),
        (b'"' + b"1" * 200_000, "not a CSV file"),
    ],
)
def test_what_is_no_list_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(DomainError, match=words):
        read_list(content, None)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read_list(content, "US")
    except DomainError as error:
        assert error.code == "bad_file"


def test_what_is_written_can_be_read_again_and_holds_no_formulas() -> None:
    text = "".join(write_list([("+12025550100", "=HYPERLINK(1)", "owner", "2026-11-24", "no")]))
    head, row = csv.reader(io.StringIO(text))
    assert tuple(head) == EXPORTED
    assert row[1] == "'=HYPERLINK(1)"
    assert read_list(text.encode(), None)[0] == [Entry("+12025550100", "'=HYPERLINK(1)")]
