"""The do-not-call list as a CSV file: what a file says, and the list as one. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from opendeep.core.errors import DomainError
from opendeep.core.phone import parse_number

BYTES_AT_MOST = 10_000_000
REASON_LENGTH = 200
NUMBER_COLUMNS = ("number", "phone", "phone number", "phone_number", "telephone")
EXPORTED = ("number", "reason", "source", "since", "everybody")
FORMULA_SIGNS = ("=", "@", "-", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Entry:
    """`number` is E.164."""

    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A line (from 1) that could not be taken, and why."""

    line: int
    message: str


def read_list(content: bytes, default_region: str | None) -> tuple[list[Entry], list[Problem]]:
    """The numbers of a CSV file with the columns number and, if it has one, reason; a head line may be missing.

    Numbers without a country code count in `default_region`. Raises DomainError "bad_file" when it is no such file.
    """
    text = _text(content)
    separator = max(",;\t", key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    number_at, reason_at = 0, 1
    try:
        for line, cells in enumerate(lines, start=1):
            if line == 1 and (columns := _columns(cells)) is not None:
                number_at, reason_at = columns
            elif any(cell.strip() for cell in cells):
                _take(cells, line, number_at, reason_at, default_region, entries, problems)
    except csv.Error as error:
        raise DomainError("bad_file", f"This is not a CSV file: {error}.") from None
    return list(entries.values()), problems


def too_large() -> DomainError:
    return DomainError("bad_file", f"The file is larger than {BYTES_AT_MOST // 1_000_000} MB. Split it.")


def _text(content: bytes) -> str:
    if len(content) > BYTES_AT_MOST:
        raise too_large()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DomainError("bad_file", "The file is not text in UTF-8. Save it as CSV (UTF-8).") from None
    if "\0" in text:
        raise DomainError("bad_file", "The file is not text. Save it as CSV (UTF-8).")
    if not text.strip():
        raise DomainError("bad_file", "The file is empty.")
    return text


def _columns(cells: Sequence[str]) -> tuple[int, int] | None:
    """Where number and reason are, when this is a head line: it has no digits."""
    names = [cell.strip().lower() for cell in cells]
    if any(character.isdigit() for name in names for character in name):
        return None
    number_at = next((place for place, name in enumerate(names) if name in NUMBER_COLUMNS), None)
    if number_at is None:
        raise DomainError("bad_file", "The head line of the file has no column named number.")
    return number_at, names.index("reason") if "reason" in names else len(names)


def _take(
    cells: Sequence[str],
    line: int,
    number_at: int,
    reason_at: int,
    default_region: str | None,
    entries: dict[str, Entry],
    problems: list[Problem],
) -> None:
    written = cells[number_at].strip().lstrip("'") if number_at < len(cells) else ""
    reason = cells[reason_at].strip()[:REASON_LENGTH] if reason_at < len(cells) else ""
    try:
        number = parse_number(written, default_region)
    except DomainError as error:
        problems.append(Problem(line, error.message))
        return
    entries.setdefault(number, Entry(number, reason))


def write_list(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a CSV file with the columns EXPORTED; no cell is a formula to a spreadsheet."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    for row in chain([EXPORTED], rows):
        writer.writerow([_harmless(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell
