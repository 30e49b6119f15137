"""The error bodies of the OpenAI API, worded and coded as the real server does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ApiError(Exception):
    """An answer other than 200: `{"error": {"message", "type", "param", "code"}}` with its HTTP status."""

    status: int
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


def bad_request(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    return ApiError(400, message, param=param, code=code)


def missing_parameter(name: str) -> ApiError:
    return bad_request(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")


def wrong_type(name: str, expected: str, value: object) -> ApiError:
    return bad_request(
        f"Invalid type for '{name}': expected {expected}, but got {json_type(value)} instead.",
        name,
        "invalid_type",
    )


def unsupported_value(name: str, value: object, supported: list[str]) -> ApiError:
    choices = ", ".join(f"'{choice}'" for choice in supported)
    return bad_request(f"Invalid value: '{value}'. Supported values are: {choices}.", name, "invalid_value")


def missing_key() -> ApiError:
    return ApiError(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization header using "
        "Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    )


def wrong_key() -> ApiError:
    """The real server repeats a masked form of the key; a sandbox has no reason to repeat anything of it."""
    return ApiError(401, "Incorrect API key provided.", code="invalid_api_key")


def unknown_model(model: str) -> ApiError:
    return ApiError(
        404,
        f"The model `{model}` does not exist or you do not have access to it.",
        code="model_not_found",
    )


def unknown_url(method: str, path: str) -> ApiError:
    return ApiError(404, f"Invalid URL ({method} {path})")


def wrong_method(method: str, path: str) -> ApiError:
    return ApiError(
        405,
        f"Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method?)",
        code="method_not_supported",
    )


def body_too_large(limit_bytes: int) -> ApiError:
    return ApiError(413, f"The request body is over the limit of {limit_bytes} bytes.")


_BY_STATUS: dict[int, tuple[str, str, str | None]] = {
    400: ("The request is not acceptable.", "invalid_request_error", None),
    401: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    403: ("You are not allowed to use this model.", "invalid_request_error", "forbidden"),
    404: ("The model does not exist or you do not have access to it.", "invalid_request_error", "model_not_found"),
    429: ("Rate limit reached. Please try again later.", "requests", "rate_limit_exceeded"),
    500: (
        "The server had an error while processing your request. Sorry about that!",
        "server_error",
        None,
    ),
    503: ("The engine is currently overloaded, please try again later.", "server_error", None),
}


def of_status(
    status: int, *, code: str | None = None, message: str | None = None, retry_after_s: float | None = None
) -> ApiError:
    """The error that the real API gives with an HTTP status; `code` and `message` replace the usual ones."""
    usual = _BY_STATUS.get(status) or _BY_STATUS[500 if status >= 500 else 400]
    headers = {}
    if retry_after_s is not None:
        headers = {"retry-after": f"{retry_after_s:g}", "retry-after-ms": f"{retry_after_s * 1000:.0f}"}
    error_type = "insufficient_quota" if code == "insufficient_quota" else usual[1]
    return ApiError(status, message or usual[0], error_type, code=code or usual[2], headers=headers)


_JSON_TYPES: dict[type, str] = {
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


def json_type(value: object) -> str:
    """How an error message calls the JSON type of a value."""
    return _JSON_TYPES.get(type(value), "an unknown type")
