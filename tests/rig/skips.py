"""What a test does when a part of the rig is not to be had on this machine: skip in one line, or fail."""

import os
from typing import NoReturn

import pytest

REQUIRE = "OPENDEEP_REQUIRE"


class Unavailable(Exception):
    """A part of the rig cannot run here; the message says what is missing and what to do.

    `excusable`: it lies outside of this machine (a package that cannot be had at the moment), so that not even
    a run that requires everything fails because of it.
    """

    def __init__(self, reason: str, *, excusable: bool = False) -> None:
        super().__init__(reason)
        self.excusable = excusable


class PartMissing(pytest.skip.Exception):  # type: ignore[name-defined, misc]  # hidden by pytest's own types
    """Skips a test for want of a part of the rig; `one_line_each` below reports all of a part's in one line."""


def unavailable(part: str, reason: str, *, excusable: bool = False) -> NoReturn:
    """Skip the test that asked for `part`. With OPENDEEP_REQUIRE=all fail it, unless the reason is excusable."""
    message = f"{part} cannot run here: {reason}"
    if os.environ.get(REQUIRE) == "all" and not excusable:
        pytest.fail(f"{message} ({REQUIRE}=all)", pytrace=False)
    raise PartMissing(message)


def one_line_each(report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """Give the skips of a part one place, instead of each test's own: pytest prints a line for every place."""
    if call.excinfo is not None and isinstance(call.excinfo.value, PartMissing):
        report.longrepr = (__file__, None, str(call.excinfo.value))  # type: ignore[assignment]
