"""Put other values into one of the configuration files that operators copy, without a second copy of it."""

import re
from collections.abc import Mapping

SECTION = re.compile(r"\[([^\]]+)\]")
# Also one that is there as a comment, to be filled in.
SETTING = re.compile(r";?([\w-]+)\s*=")


def with_values(text: str, values: Mapping[tuple[str, str], str]) -> str:
    """`text` with the setting `key` of section `section` set to values[section, key].

    Raises KeyError for a setting that the text does not have exactly once: it has changed, and its user has to.
    """
    section = ""
    lines = []
    missing = dict(values)
    for line in text.splitlines():
        if match := SECTION.match(line):
            section = match[1]
        elif (match := SETTING.match(line)) and (section, match[1]) in values:
            line = f"{match[1]} = {missing.pop((section, match[1]))}"
        lines.append(line)
    if missing:
        raise KeyError(f"not in the configuration: {sorted(missing)}")
    return "\n".join(lines) + "\n"
