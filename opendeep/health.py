"""/healthz: this process is alive. /readyz: everything that a call needs is alive, or which part is missing."""

import redis
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from opendeep.core import alive

PARTS = ("beat", "worker", "gateway", "callcontrol", "pbx")


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when nothing is missing, otherwise 503; the body names each part as ok or missing."""
    parts = {"database": _database(), **_redis_parts()}
    missing = sorted(name for name, state in parts.items() if state != "ok")
    return JsonResponse(
        {"status": "ready" if not missing else "not ready", "missing": missing, "parts": parts},
        status=503 if missing else 200,
    )


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM accounts_organization LIMIT 1")
    except DatabaseError:  # away, or not migrated yet
        return "missing"
    return "ok"


def _redis_parts() -> dict[str, str]:
    try:
        return {"redis": "ok", **{part: "ok" if alive.is_alive(part) else "missing" for part in PARTS}}
    except redis.RedisError:
        return dict.fromkeys(("redis", *PARTS), "missing")
