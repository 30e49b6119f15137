"""What every body of the API goes through."""

from io import BytesIO
from typing import Any

import pytest
from rest_framework.exceptions import ParseError

from opendeep.core import rest_defaults
from opendeep.core.rest_defaults import TextJSONParser, TooLarge


def parsed(body: bytes) -> Any:
    return TextJSONParser().parse(BytesIO(body), "application/json", {})


def test_a_body_is_read_as_json() -> None:
    assert parsed('{"name": "Zo\u00eb"}'.encode()) == {"name": "Zo\u00eb"}


def test_a_body_may_be_as_long_as_the_limit_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_defaults, "MAX_BODY_BYTES", 10)
    assert parsed(b'["123456"]') == ["123456"]
    with pytest.raises(TooLarge, match="in parts"):
        parsed(b'["1234567"]')


@pytest.mark.parametrize("body", [b'["\\u0000"]', b'["\\ud800"]', b"[" * 100_000, b'{"a"'])
def test_what_cannot_be_kept_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        parsed(body)
