"""/healthz: this process is alive. /readyz: everything that a call needs is alive, or which part is missing."""

import redis
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from calls.asterisk.pbx import part_of, pbx_names
from calls.facade import conditions_of_trunks
from opendeep.core import alive
from opendeep.core.clock import now

PARTS = ("beat", "worker", "gateway")
PARTS_OF_A_PBX = ("callcontrol", "pbx")


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when calls can be made, otherwise 503. The body names each part as ok or missing, and how the trunks are.

    Of several PBXs one is enough for calls; the others are named as missing all the same.
    """
    parts = {"database": _database(), **parts_of_redis()}
    missing = sorted(name for name, state in parts.items() if state != "ok")
    is_ready = _is_ready(parts)
    trunks = conditions_of_trunks(now()) if parts["database"] == "ok" else {}
    return JsonResponse(
        {"status": "ready" if is_ready else "not ready", "missing": missing, "parts": parts, "trunks": trunks},
        status=200 if is_ready else 503,
    )


def _is_ready(parts: dict[str, str]) -> bool:
    per_pbx = [[part_of(process, pbx) for process in PARTS_OF_A_PBX] for pbx in pbx_names()]
    some_pbx = any(all(parts[part] == "ok" for part in found) for found in per_pbx)
    return some_pbx and all(parts[part] == "ok" for part in ("database", "redis", *PARTS))


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM accounts_organization LIMIT 1")
    except DatabaseError:  # away, or not migrated yet
        return "missing"
    return "ok"


def parts_of_redis() -> dict[str, str]:
    parts = [*PARTS, *(part_of(process, pbx) for pbx in pbx_names() for process in PARTS_OF_A_PBX)]
    try:
        return {"redis": "ok", **{part: "ok" if alive.is_alive(part) else "missing" for part in parts}}
    except redis.RedisError:
        return dict.fromkeys(("redis", *parts), "missing")
