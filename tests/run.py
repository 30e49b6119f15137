"""`make test`: the checks, then every test, stage by stage, with one sum at the end.

`make test ARGS="--long"` adds the long mode; `ARGS="unit web"` runs only the named stages.
"""

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.rig import postgres
from tests.rig.skips import REQUIRE, Unavailable

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "var" / "test-results"
NOTHING_MORE: Mapping[str, str] = {}
HERMETIC = "not (processes or browser or asterisk or postgres or long)"
# In the order of tests/rig/order.py.
BESIDE_EACH_OTHER = ["-n", "4", "--dist", "loadfile", "--no-loadscope-reorder", "--timeout", "600"]
# They measure what this machine lets them hear: nothing else runs meanwhile.
ALONE = ["-n", "1", "--timeout", "600", "tests/sound"]
PARALLEL = ["-n", "3", "--dist", "worksteal"]
# Each of them waits for the next word nearly all the time.
MOSTLY_WAITING = ["-n", "6", "--dist", "load", "--maxschedchunk", "1"]
# The server goes with its databases; threads of asyncio may still hold a connection when a run ends.
KEEP_DATABASE = ["--reuse-db", "--create-db"]
WITH_DATABASE = ["tests/calls", "tests/campaigns", "tests/analysis", "tests/opendeep", "tests/web"]
# Compiled once for all the processes that the tests start, whatever the caller's environment says.
BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}


@dataclass
class Stage:
    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    is_pytest: bool = True


def pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", *arguments]


def check_stages() -> list[Stage]:
    tool = str(Path(sys.executable).parent)
    commands = {
        "ruff": [f"{tool}/ruff", "check", "."],
        "format": [f"{tool}/ruff", "format", "--check", "."],
        "types": [sys.executable, "-m", "mypy", "."],
        "imports": [f"{tool}/lint-imports"],
        "migrations": [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
    }
    return [Stage(name, command, {"SECRET_KEY": "check"}, is_pytest=False) for name, command in commands.items()]


def test_stages(long: bool) -> list[Stage]:
    parts = "(processes or browser or asterisk or postgres)"
    real = parts if long else f"{parts} and not long"
    on_postgres = f"({HERMETIC}) or (races and not long)"
    return [
        Stage("rig", [sys.executable, "-m", "tests.rig"], is_pytest=False),
        Stage("unit", pytest("-m", f"{HERMETIC} and not paced", *PARALLEL)),
        Stage("talks", pytest("-m", f"{HERMETIC} and paced", *MOSTLY_WAITING, "tests/audiogateway")),
        Stage("postgres", pytest("-m", on_postgres, *PARALLEL, *KEEP_DATABASE, *WITH_DATABASE)),
        Stage("sound", pytest("-m", real, *ALONE)),
        Stage("real", pytest("-m", real, *BESIDE_EACH_OTHER, "--ignore", "tests/sound")),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stages", nargs="*")
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    checks, tests = (
        [stage for stage in stages if not options.stages or stage.name in options.stages]
        for stages in (check_stages(), test_stages(options.long))
    )
    totals: Counter[str] = Counter()
    with ThreadPoolExecutor() as beside_each_other:
        passed = list(beside_each_other.map(check, checks)) + [run(stage, totals) for stage in tests]
    failed = [stage.name for stage, is_good in zip(checks + tests, passed, strict=True) if not is_good]
    print(f"\nFailed stages: {', '.join(failed) or 'none'}")
    print(f"{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped")
    return 1 if failed or totals["failed"] else 0


def check(stage: Stage) -> bool:
    """Tells at its end what it has found, so that others can run meanwhile."""
    started = time.monotonic()
    ended = subprocess.run(
        stage.command, cwd=ROOT, env=environment_of(stage), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    verdict = "FAILED" if ended.returncode else "ok"
    print(f"\n=== {stage.name} ===\n{ended.stdout}=== {stage.name}: {verdict} {after(started)} ===", flush=True)
    return ended.returncode == 0


def after(started: float) -> str:
    return f"after {time.monotonic() - started:.0f} s"


def environment_of(stage: Stage, more: Mapping[str, str] = NOTHING_MORE) -> dict[str, str]:
    return {**os.environ, **BYTECODE, **stage.environment, **more}


def run(stage: Stage, totals: Counter[str]) -> bool:
    print(f"\n=== {stage.name} ===", flush=True)
    started = time.monotonic()
    passed = STARTERS.get(stage.name, execute)(stage, totals)
    print(f"=== {stage.name}: {'ok' if passed else 'FAILED'} {after(started)} ===", flush=True)
    return passed


def run_on_postgres(stage: Stage, totals: Counter[str]) -> bool:
    """The same tests as on SQLite, on a PostgreSQL server of their own."""
    try:
        with postgres.RunningPostgres() as server:
            return execute(stage, totals, {"DATABASE_URL": server.url})
    except Unavailable as error:
        totals["skipped"] += 1
        print(f"SKIPPED the tests on PostgreSQL: {error}")
        return os.environ.get(REQUIRE) != "all"


def execute(stage: Stage, totals: Counter[str], environment: Mapping[str, str] = NOTHING_MORE) -> bool:
    command, results = list(stage.command), RESULTS / f"{stage.name}.xml"
    if stage.is_pytest:
        results.unlink(missing_ok=True)
        command.append(f"--junit-xml={results}")
    finished = subprocess.run(command, cwd=ROOT, env=environment_of(stage, environment), check=False)
    if stage.is_pytest:
        count(results, totals)
    return finished.returncode == 0


STARTERS = {"postgres": run_on_postgres}


def count(results: Path, totals: Counter[str]) -> None:
    if not results.exists():
        totals["failed"] += 1
        return
    for suite in ElementTree.parse(results).getroot().iter("testsuite"):
        numbers = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
        broken = numbers["failures"] + numbers["errors"]
        totals["failed"] += broken
        totals["skipped"] += numbers["skipped"]
        totals["passed"] += numbers["tests"] - broken - numbers["skipped"]


if __name__ == "__main__":
    sys.exit(main())
