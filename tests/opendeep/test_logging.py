"""Neither numbers nor secrets reach the logs."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from opendeep.core.logging import configure, hide_secrets, mask_numbers


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield root
    root.handlers, root.level = handlers, level


def test_numbers_are_masked_wherever_they_stand() -> None:
    event = mask_numbers(None, "info", {"event": "dialling +12025550100 now", "number": "+12025550104", "count": 3})
    assert event == {"event": "dialling +1********00 now", "number": "+1********04", "count": 3}


def test_numbers_are_masked_inside_of_mappings_and_lists() -> None:
    event = mask_numbers(None, "info", {"detail": {"to": ["+12025550100"]}})
    assert event == {"detail": {"to": ["+1********00"]}}


@pytest.mark.parametrize("json", [True, False])
def test_numbers_in_a_traceback_are_masked(root_logger: logging.Logger, json: bool) -> None:
    configure({"level": "INFO", "json": json})
    (handler,) = root_logger.handlers
    assert isinstance(handler, logging.StreamHandler)
    written = handler.stream = io.StringIO()
    number = "+12025550100"
    try:
        raise ValueError(f"Key (number)=({number}) already exists.")
    except ValueError:
        structlog.get_logger("tests.ours").exception("failed")
        logging.getLogger("tests.foreign").exception("failed")
    assert written.getvalue().count("ValueError: Key (number)=(+1********00) already exists.") == 2
    assert number not in written.getvalue()


def test_secrets_are_hidden_by_name() -> None:
    event = hide_secrets(None, "info", {"event": "login", "secret": "x", "Authorization": "Token y", "user": "z"})
    assert event == {"event": "login", "secret": "(hidden)", "Authorization": "(hidden)", "user": "z"}
