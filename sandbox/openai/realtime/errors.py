"""What a client did wrong, as the API tells it."""

from __future__ import annotations


class ClientEventError(Exception):
    """One client event cannot be honoured; the session stays open.

    `code`, `message` and `param` go into the `error` event as they are.
    """

    def __init__(
        self, code: str, message: str, *, param: str | None = None, kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param
        self.kind = kind
