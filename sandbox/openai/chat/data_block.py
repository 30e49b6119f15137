"""The block in which the product fences what is data and not instruction."""

import json
import re
from collections.abc import Mapping
from typing import Any

Data = Mapping[str, Any]

_DATA = re.compile(r"<data>\s*(.*)\s*</data>", re.DOTALL)


def data_of(text: str) -> Data | None:
    """The JSON object between <data> and </data>; None when there is none, or it is broken."""
    found = _DATA.search(text)
    try:
        data = json.loads(found[1]) if found else None
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
