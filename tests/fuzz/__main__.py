"""`python -m tests.fuzz [TARGET ...] [--seconds N] [--seed N]`: feeds damaged traffic to the codecs for so long.

An input that breaks a promise is saved below var/fuzz/ and printed with its seed; `--replay FILE` tries it again.
"""

import argparse
import random
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.mutation import traffic
from tests.fuzz.targets import TARGETS

FOUND = Path(__file__).resolve().parents[2] / "var" / "fuzz"
SECONDS = 60.0


def fuzz(name: str, seconds: float, seed: int, found: Path = FOUND) -> Path | None:
    """Where the first input was saved that broke a promise; None when none did."""
    target, tries = TARGETS[name], 0
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        case = f"{seed}-{tries}"
        data = traffic(random.Random(case), target.pieces)
        if not holds(name, case, data):
            return _save(found, name, case, data)
        tries += 1
    sys.stdout.write(f"{name}: {tries} inputs with seed {seed}, all as promised\n")
    return None


def holds(name: str, case: str, data: bytes) -> bool:
    """Whether the codec keeps its promises about this input. `case` decides how it is split."""
    try:
        TARGETS[name].check(random.Random(f"{case}-split"), data)
    except Exception:  # noqa: BLE001 - whatever a codec raises is what is looked for
        sys.stdout.write(f"{name}, case {case}, {len(data)} bytes:\n{traceback.format_exc()}")
        return False
    return True


def _save(found: Path, name: str, case: str, data: bytes) -> Path:
    found.mkdir(parents=True, exist_ok=True)
    path = found / f"{name}-{case}.bin"
    path.write_bytes(data)
    sys.stdout.write(f"saved; try it again: python -m tests.fuzz --replay {path}\n")
    return path


def replay(path: Path) -> bool:
    name, _, case = path.stem.partition("-")
    return holds(name, case, path.read_bytes())


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)}; all without any")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each target (60)")
    parser.add_argument("--seed", type=int, help="another one each time without it")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="try a saved input again")
    options = parser.parse_args(argv)
    if options.replay is not None:
        return 0 if replay(options.replay) else 1
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    seed = options.seed if options.seed is not None else random.randrange(10**6)
    found = [fuzz(name, options.seconds, seed) for name in options.targets or TARGETS]
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
