"""Error types that every app shares. Whoever catches one knows whether trying again can help."""

from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """A request that cannot be done, said in words for whoever asked.

    `code` is stable and for programs, `message` for people, `fields` maps a field to what is wrong with it.
    """

    status = 400

    def __init__(self, code: str, message: str, fields: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = dict(fields or {})


class NotFound(DomainError):
    """There is no such thing for this organization."""

    status = 404

    def __init__(self, message: str) -> None:
        super().__init__("not_found", message)


class Conflict(DomainError):
    """The thing has moved on, and the request no longer fits its state."""

    status = 409


class RetryableError(Exception):
    """Failed for now: the same attempt may succeed later. `retry_after_seconds` is a hint from the other side."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class PermanentError(Exception):
    """Failed for good: repeating it cannot help until somebody changes something (a key, a setting, a prompt)."""


class RequestRefused(PermanentError):
    """It lies with what was sent (too long, not allowed): another request may well be answered."""
