"""What all API views use. Not in core.rest: REST framework reads this while it is being imported itself."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.parsers import JSONParser

from opendeep.core.text import is_text

MAX_BODY_BYTES = 40_000_000
"""A plan with 100,000 contacts and their variables fits."""


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = f"This is too large: {MAX_BODY_BYTES // 1_000_000} MB at most. Send it in parts."


class Pagination(LimitOffsetPagination):
    """`limit` and `offset`; a larger `limit` gets as many as there may be."""

    max_limit = 500


class TextJSONParser(JSONParser):
    """JSON whose texts a database can keep, and which is neither nested nor long without end."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge
        try:
            data = super().parse(BytesIO(body), media_type, parser_context)
            if not all(map(is_text, _texts(data))):
                raise ParseError("Some texts hold characters that cannot be kept (NUL or half a character).")
        except RecursionError:
            raise ParseError("This is nested too deeply.") from None
        return data


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)
