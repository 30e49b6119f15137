"""The block in which the product fences what is data and not instruction."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

Data = Mapping[str, Any]

_DATA = re.compile(r"<data>\s*(.*)\s*</data>", re.DOTALL)


def data_of(texts: Iterable[str]) -> Data | None:
    """The JSON object of the first text that has a good block; a request to answer again need not repeat it."""
    return next((data for data in map(_data, texts) if data is not None), None)


def _data(text: str) -> Data | None:
    found = _DATA.search(text)
    try:
        data = json.loads(found[1]) if found else None
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
