"""Fixtures over the rig. Loaded by tests/conftest.py: `pytest_plugins = ["tests.rig.fixtures"]`."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.rig import apt, chromium, sipp
from tests.rig.asterisk import RunningAsterisk
from tests.rig.postgres import RunningPostgres
from tests.rig.skips import Unavailable, one_line_each, unavailable

RIG_FIXTURES = {"asterisk", "postgres_url", "chromium_path"}
TEST_TIMEOUT_S = 120
FIGURE = "figure: "
Figure = Callable[[str, object], None]


@pytest.fixture(scope="session")
def asterisk() -> Iterator[RunningAsterisk]:
    """A real Asterisk for the whole test session."""
    try:
        apt.ensure([sipp.PACKAGE])
        part = RunningAsterisk()
    except Unavailable as error:
        unavailable("Asterisk", str(error), excusable=error.excusable)
    with part:
        yield part


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """DATABASE_URL of an empty database of a real PostgreSQL for the whole test session."""
    try:
        part = RunningPostgres()
    except Unavailable as error:
        unavailable("PostgreSQL", str(error), excusable=error.excusable)
    with part as server:
        yield server.url


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """Debian's Chromium, for Playwright's `executable_path`."""
    try:
        return chromium.executable()
    except Unavailable as error:
        unavailable("Chromium", str(error), excusable=error.excusable)


@pytest.fixture
def figure(record_property: Figure) -> Figure:
    """Call it with a name and a value: what was measured is told at the end of the run, and kept in its results."""
    return lambda name, value: record_property(FIGURE + name, value)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    lines = [
        f"{name.removeprefix(FIGURE)}: {value}"
        for report in reports
        for name, value in getattr(report, "user_properties", [])
        if name.startswith(FIGURE)
    ]
    if lines:
        terminalreporter.section("figures")
    for line in lines:
        terminalreporter.write_line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A part of the rig may first have to be downloaded, within limits of its own; the test's is for the test."""
    for item in items:
        if RIG_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            own = item.get_closest_marker("timeout")
            seconds = own.args[0] if own is not None else TEST_TIMEOUT_S
            item.add_marker(pytest.mark.timeout(seconds, func_only=True))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    one_line_each(report, call)
    return report
