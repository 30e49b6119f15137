"""Numbers come in as people write them and go out as E.164, masked in logs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.core import phone
from opendeep.core.errors import DomainError


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+12025550100", "+12025550100"),
        ("+1 (202) 555-0100", "+12025550100"),
        ("  +49 30 5550134 ", "+49305550134"),
        ("tel:+12025550100", "+12025550100"),
    ],
)
def test_a_number_is_read_however_it_is_written(text: str, number: str) -> None:
    assert phone.parse_number(text) == number


@pytest.mark.parametrize("text", ["", "hello", "12025550100", "+1", "+1202555010012345", "+999123456789", "911"])
def test_what_is_no_number_gets_a_sentence(text: str) -> None:
    with pytest.raises(DomainError) as error:
        phone.parse_number(text)
    assert error.value.code == "bad_number"


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        assert phone.parse_number(text).startswith("+")
    except DomainError as error:
        assert error.message


@given(st.from_regex(r"\+[1-9]\d{6,14}", fullmatch=True))
def test_a_masked_number_shows_at_most_four_of_its_characters(number: str) -> None:
    masked = phone.mask(number)
    assert len(masked) == len(number)
    assert masked.count("*") == len(number) - 4


def test_the_zone_comes_from_the_number() -> None:
    assert phone.time_zones("+12025550100") == ["America/New_York"]
    assert phone.time_zones("+493012345678") == ["Europe/Berlin"]
    assert phone.time_zones("nonsense") == []
