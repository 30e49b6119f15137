"""What an operator may write as the dial string of a trunk."""

import pytest
from django.core.exceptions import ValidationError

from calls.trunks.models import dial_string_has_one_number


def test_the_number_stands_in_it_once() -> None:
    dial_string_has_one_number("PJSIP/{number}@trunk")


@pytest.mark.parametrize(
    "value", ["PJSIP/trunk", "PJSIP/{number}{number}@t", "PJSIP/{number}}@t", "PJSIP/{{number}@t", "{0}/{number}"]
)
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        dial_string_has_one_number(value)
