"""Structured logs: events with fields, the call's id on every line, no secrets, masked numbers."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog

from opendeep.core.phone import mask

NUMBER = re.compile(r"\+\d{6,15}")
SECRET_KEYS = {"secret", "password", "token", "api_key", "authorization"}


def configure(options: Mapping[str, Any]) -> None:
    """Django's LOGGING_CONFIG: `options` has `level` and `json`."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        hide_secrets,
        mask_numbers,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if options["json"]
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # the rich one wants the exception itself
        )
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,  # before the masking: errors name numbers, too
                mask_numbers,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(options["level"])
    logging.getLogger("django.request").addFilter(is_no_readiness_answer)
    for noisy in ("httpx", "httpx2", "httpcore", "httpcore2", "websockets", "asyncio", "daphne"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def is_no_readiness_answer(record: logging.LogRecord) -> bool:
    """/readyz answers 503 while something starts, many times; whoever asks reads the answer, not the log."""
    return "/readyz" not in record.getMessage()


def mask_numbers(_: Any, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Masks whatever looks like an E.164 number in any text of the event, also inside of lists and mappings."""
    for key, value in event.items():
        event[key] = _masked(value)
    return event


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return NUMBER.sub(lambda match: mask(match.group()), value)
    if isinstance(value, Mapping):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value


def hide_secrets(_: Any, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    for key in event:
        if key.lower() in SECRET_KEYS:
            event[key] = "(hidden)"
    return event
