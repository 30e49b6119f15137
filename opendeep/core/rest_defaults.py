"""What all API views use. Not in core.rest: REST framework reads this while it is being imported itself."""

from collections.abc import Iterator
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.parsers import JSONParser

from opendeep.core.text import is_text


class Pagination(LimitOffsetPagination):
    """`limit` and `offset`; a larger `limit` gets as many as there may be."""

    max_limit = 500


class TextJSONParser(JSONParser):
    """JSON whose texts a database can keep, and which is not nested without end."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
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
