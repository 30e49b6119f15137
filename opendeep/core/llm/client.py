"""The OpenAI client for the text roles, and which of its errors are worth another try.

Loading the SDK takes most of a second. Whoever may not need it imports this module when the model is asked.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

import openai
from django.conf import settings
from openai import OpenAI
from openai.types.chat import ChatCompletion

from opendeep.core.errors import PermanentError, RequestRefused, RetryableError

T = TypeVar("T")


@cache
def client() -> OpenAI:
    """The process's client. Retries are ours, by error type, so the SDK's are off."""
    return OpenAI(
        api_key=settings.OPENAI_API_KEY or "missing",
        base_url=settings.OPENAI_BASE_URL,
        timeout=settings.OPENAI_TIMEOUT_SECONDS,
        max_retries=0,
    )


def complete(request: Mapping[str, Any]) -> ChatCompletion:
    """The answer to a request for a chat completion. Raises PermanentError or RetryableError."""
    completion: object = call_model(lambda: client().chat.completions.create(**request))
    if not isinstance(completion, ChatCompletion):  # the SDK hands on whatever text a server sends
        raise RetryableError("Whatever answers at OPENAI_BASE_URL does not speak like OpenAI.")
    return completion


def call_model(request: Callable[[], T]) -> T:
    """Runs `request` and turns the SDK's errors into PermanentError or RetryableError, in words without secrets."""
    try:
        return request()
    except openai.AuthenticationError:
        raise PermanentError("The model refuses the key. Check OPENAI_API_KEY.") from None
    except openai.PermissionDeniedError:
        raise PermanentError("The key may not use this model. Check OPENAI_API_KEY and OPENAI_TEXT_MODEL.") from None
    except openai.NotFoundError:
        raise PermanentError("The model does not exist at this address. Check OPENAI_TEXT_MODEL.") from None
    except openai.RateLimitError as error:
        raise _rate_limited(error) from error
    except (openai.APIConnectionError, openai.InternalServerError, openai.ConflictError) as error:
        raise RetryableError("The model cannot be reached right now.") from error
    except openai.APIStatusError as error:
        raise RequestRefused(f"The model refuses the request (HTTP {error.status_code}).") from error
    except openai.APIError as error:  # an answer that the SDK cannot read
        raise RetryableError("The model's answer could not be read.") from error


def _rate_limited(error: openai.RateLimitError) -> Exception:
    if error.code == "insufficient_quota":
        return PermanentError("The model's account has no credit left.")
    after = error.response.headers.get("retry-after", "")
    seconds = float(after) if after.replace(".", "", 1).isdigit() else None
    return RetryableError("The model is busy right now.", retry_after_seconds=seconds)
