"""Runs the measures, prints them as a table and writes var/bench.json. Exit code 1 when a bar is missed."""

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import django

from bench import scratch

if TYPE_CHECKING:
    from bench.row import Row

VERSIONS = ("django", "celery", "pydantic", "phonenumbers")


def main() -> int:
    scratch.configure()
    django.setup()
    from bench.measures import MEASURES  # noqa: PLC0415 - Django must be set up first

    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(MEASURES)}; default: all")
    names = parser.parse_args().names or list(MEASURES)
    unknown = sorted(set(names) - set(MEASURES))
    if unknown:
        parser.error(f"There is no measure named {', '.join(unknown)}.")
    rows = []
    for name in names:
        with scratch.database() as database:
            row = MEASURES[name]()
        show(row)
        rows.append((row, database))
    write(rows)
    return 0 if all(row.passes for row, _ in rows) else 1


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def show(row: "Row") -> None:
    verdict = "ok" if row.passes else "MISSED"
    say(f"{row.name:28} {row.value:>10} {row.unit:3} bar {'>=' if row.at_least else '<='} {row.bar:>6} {verdict}")
    for name, value in row.more.items():
        say(f"    {name:24} {value:>10}")


def write(rows: "list[tuple[Row, str]]") -> None:
    """Figures that were not measured this time stay as they were, each with its own moment and conditions."""
    from django.conf import settings  # noqa: PLC0415

    path = settings.VAR_DIR / "bench.json"
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    for row, database in rows:
        known[row.name] = {
            "value": row.value,
            "unit": row.unit,
            "bar": row.bar,
            "at_least": row.at_least,
            "passes": row.passes,
            "conditions": row.conditions,
            **({"more": dict(row.more)} if row.more else {}),
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "versions": {"python": platform.python_version(), "database": database}
            | {name: version(name) for name in VERSIONS},
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known, indent=2) + "\n")
    say(f"Written to {path}")


def machine() -> dict[str, Any]:
    load = os.getloadavg()[0]
    return {"system": platform.platform(), "cores": os.cpu_count(), "load_at_the_end": round(load, 2)}


if __name__ == "__main__":
    sys.exit(main())
