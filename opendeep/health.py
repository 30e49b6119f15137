"""/healthz: this process is alive. /readyz: everything that a call needs is alive; and every part that is missing."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from calls.facade import conditions_of_trunks
from calls.services import readiness
from opendeep.core import alive
from opendeep.core.clock import now


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when calls can be made, otherwise 503. The body names each part as ok or missing, and how the trunks are.

    Of several PBXs one is enough for calls, and none needs the worker for verdicts and reports; what is away is named
    as missing all the same.
    """
    parts = {"database": _database(), **readiness.parts(), **alive.states(alive.PARTS_OF_QUEUES.values())}
    missing = sorted(name for name, state in parts.items() if state != "ok")
    is_ready = _is_ready(parts)
    trunks = conditions_of_trunks(now()) if parts["database"] == "ok" else {}
    return JsonResponse(
        {"status": "ready" if is_ready else "not ready", "missing": missing, "parts": parts, "trunks": trunks},
        status=200 if is_ready else 503,
    )


def _is_ready(parts: dict[str, str]) -> bool:
    needed = ("database", "redis", *readiness.PARTS)
    return readiness.some_pbx_answers(parts) and all(parts[part] == "ok" for part in needed)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM accounts_organization LIMIT 1")
    except DatabaseError:  # away, or not migrated yet
        return "missing"
    return "ok"
