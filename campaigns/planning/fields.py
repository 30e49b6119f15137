"""Types and error words that plans, questions and answers share. Pure."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from opendeep.core.errors import DomainError
from opendeep.core.phone import parse_number

SnakeCase = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Value(BaseModel):
    """A part of what the model or a user hands in: nothing unknown in it, texts without space around them."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def complaint(words: str) -> PydanticCustomError:
    """An error whose message is exactly `words`."""
    return PydanticCustomError("domain", "{words}", {"words": words})


CHECKED = {"checked": True}
"""The validation context of what was checked before it was stored: its numbers are not parsed again."""


def _e164(text: str, info: ValidationInfo) -> str:
    if info.context == CHECKED:
        return text
    try:
        return parse_number(text)
    except DomainError as error:
        raise complaint(error.message) from None


PhoneNumber = Annotated[str, AfterValidator(_e164)]
"""Any way to write an international number; becomes E.164."""

WORDS = {
    "missing": "This is missing.",
    "extra_forbidden": "There is no such field here.",
    "string_type": "This must be a text.",
    "string_too_short": "This must not be empty.",
    "string_too_long": "This is too long: at most {max_length} characters.",
    "string_pattern_mismatch": "This is not written as it must be ({pattern}).",
    "int_type": "This must be a whole number.",
    "float_type": "This must be a number.",
    "float_parsing": "This must be a number.",
    "int_parsing": "This must be a whole number.",
    "int_from_float": "This must be a whole number.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than_equal": "This must be at most {le}.",
    "tuple_type": "This must be a list.",
    "too_short": "This needs at least {min_length}.",
    "too_long": "This may have at most {max_length}.",
    "literal_error": "This must be one of {expected}.",
    "model_type": "This must be an object.",
    "bool_type": "This must be true or false.",
}
COMPLAINTS_AT_MOST = 20


def words_of(error: ValidationError) -> dict[str, list[str]]:
    """What is wrong, by path ("contacts.0.phone"), in words for people."""
    found: dict[str, list[str]] = {}
    items = error.errors(include_url=False, include_input=False)
    for item in items[:COMPLAINTS_AT_MOST]:
        place = item["loc"]
        if item["type"] == "too_short" and any(other["loc"][:-1][: len(place)] == place for other in items):
            continue  # a list counts as short when what stands in it is wrong, which is said already
        context: dict[str, Any] = item.get("ctx", {})
        template = WORDS.get(item["type"])
        text = template.format(**context) if template else item["msg"]
        found.setdefault(".".join(map(str, place)), []).append(text)
    return found
