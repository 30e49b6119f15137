"""One shape for every error of the API: {"error": {"code", "message", "fields"}}."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import exception_handler as drf_exception_handler

from opendeep.core.errors import DomainError, PermanentError, RetryableError


def error_body(code: str, message: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "fields": fields or {}}}


def validated(shape: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body of `request` in this shape. Raises DRF's ValidationError, which `exception_handler` puts in words."""
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None lets Django answer 500 without a traceback."""
    if isinstance(error, DomainError):
        return Response(error_body(error.code, error.message, error.fields), status=error.status)
    if isinstance(error, RetryableError):
        return Response(error_body("try_again", str(error)), status=503, headers=_retry_after(error))
    if isinstance(error, PermanentError):
        return Response(error_body("not_available", str(error)), status=502)
    response = drf_exception_handler(error, context)
    if response is None:
        return None
    response.data = _drf_body(error)
    return response


def _retry_after(error: RetryableError) -> dict[str, str]:
    return {"Retry-After": str(int(error.retry_after_seconds or 5))}


def _drf_body(error: Exception) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        fields = error.detail if isinstance(error.detail, dict) else {"": error.detail}
        return error_body("invalid", "Some fields are missing or wrong.", dict(fields))
    if isinstance(error, Http404):
        return error_body("not_found", "There is no such thing here.")
    if isinstance(error, PermissionDenied):
        return error_body("permission_denied", "You may not do this.")
    if isinstance(error, exceptions.APIException):
        return error_body(str(error.get_codes()), str(error.detail))
    return error_body("error", "This could not be done.")
