"""`python -m tests.campaigns.races.worker`: one of many processes that work on the same database at once.

Each line of standard input is {"begin": moment of time.monotonic(), "act": name, "args": {...}}; each line of
standard output is {"result": ...} or {"error": text}.
"""

import json
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import django


def wait_until(moment: float) -> None:
    time.sleep(max(moment - time.monotonic() - 0.002, 0))
    while time.monotonic() < moment:
        pass


def main() -> None:
    django.setup()
    from tests.campaigns.races.acts import ACTS  # noqa: PLC0415 - after django.setup()

    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line), ACTS)) + "\n")
        sys.stdout.flush()


def answer(order: dict[str, Any], acts: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    wait_until(order["begin"])
    try:
        return {"result": acts[order["act"]](**order["args"])}
    except Exception:  # noqa: BLE001 - told to the test
        return {"error": traceback.format_exc()}


if __name__ == "__main__":
    main()
