import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.openai.chat.language.phones import find_phones, parse_phone


def found(text: str) -> list[tuple[str | None, str]]:
    return [(mention.e164, mention.name) for mention in find_phones(text)]


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("+12025550100", "+12025550100"),
        ("+1 202 555 0100", "+12025550100"),
        ("+1 (202) 555-0100", "+12025550100"),
        ("+1-202-555-0100", "+12025550100"),
        ("+1.202.555.0100", "+12025550100"),
        ("+44 20 7946 0018", "+442079460018"),
        ("+49 (0)30 1234567", "+49301234567"),
    ],
)
def test_numbers_are_read_in_the_ways_people_write_them(written: str, e164: str) -> None:
    assert found(f"Call {written}, please.") == [(e164, "")]


@pytest.mark.parametrize("written", ["+1202555", "+120255501001234", "202-555-0100", "(202) 555 0100", "0171 2345678"])
def test_a_number_that_cannot_be_called_is_found_as_such(written: str) -> None:
    (mention,) = find_phones(f"Call {written} now")

    assert (mention.raw, mention.e164) == (written, None)


@pytest.mark.parametrize(
    "text", ["order 123456789", "on 2026-11-23", "at 10:30", "300 customers", "invoice no. 20260001", "ref #5550100"]
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert found(text) == []


def test_numbers_in_a_row_are_told_apart() -> None:
    assert [e164 for e164, _ in found("+12025550100 +12025550101,+12025550102\n+12025550103 2 attempts")] == [
        "+12025550100",
        "+12025550101",
        "+12025550102",
        "+12025550103",
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Anna +12025550100", "Anna"),
        ("Anna Smith: +12025550100", "Anna Smith"),
        ("Anna, +12025550100", "Anna"),
        ("Anna (+12025550100)", "Anna"),
        ("+12025550100 (Anna Smith)", "Anna Smith"),
        ("Call Anna at +12025550100", "Anna"),
        ("Please call my dentist Dr. Miller at +12025550100", "Dr. Miller"),
        ("Ludwig van Beethoven +12025550100", "Ludwig van Beethoven"),
        ("Zoë Ångström +12025550100", "Zoë Ångström"),
        ("Call +12025550100", ""),
        ("my mother at +12025550100", ""),
        ("on Friday: +12025550100", ""),
        ("I am late. Call +12025550100", ""),
    ],
)
def test_the_name_beside_a_number_is_its_name(text: str, name: str) -> None:
    assert found(text) == [("+12025550100", name)]


def test_each_number_of_a_list_has_its_own_name() -> None:
    text = "Anna, +12025550100\nBob +12025550101 and Carla (+12025550102)"

    assert [name for _, name in found(text)] == ["Anna", "Bob", "Carla"]


def test_mentions_tell_where_they_stand() -> None:
    text = "Call Anna at +1 202 555 0100 today"

    (mention,) = find_phones(text)

    assert text[mention.start : mention.end] == "+1 202 555 0100"
    assert text[mention.name_start : mention.name_end] == "Anna"


def test_a_text_that_is_no_number_is_none() -> None:
    assert parse_phone("soon") is None


@given(st.text("+0123456789 ()-.ABab,\n", max_size=60))
def test_mentions_never_overlap(text: str) -> None:
    mentions = find_phones(text)

    assert all(text[mention.start : mention.end] == mention.raw for mention in mentions)
    assert all(first.end <= second.start for first, second in zip(mentions, mentions[1:], strict=False))
