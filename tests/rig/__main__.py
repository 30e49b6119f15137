"""`python -m tests.rig`: get everything that the test suite needs from outside, and say what is there.

With OPENDEEP_REQUIRE=all it ends with status 1 when a part is missing that may not be.
"""

import os
import sys
import time
from collections.abc import Callable

from tests.rig import apt, chromium, sipp
from tests.rig.postgres import RunningPostgres
from tests.rig.rootfs import asterisk_version, ensure_rootfs
from tests.rig.skips import REQUIRE, Unavailable


def _sipp() -> str:
    apt.ensure([sipp.PACKAGE])
    return apt.version(sipp.PACKAGE)


PARTS: dict[str, Callable[[], str]] = {
    "PostgreSQL": lambda: RunningPostgres().version,
    "SIPp": _sipp,
    "Asterisk": lambda: asterisk_version(ensure_rootfs()),
    "Chromium": chromium.version,
}


def main() -> int:
    """Prepare every part, one line each."""
    failures = 0
    for name, prepare in PARTS.items():
        started = time.monotonic()
        try:
            line = prepare()
        except Unavailable as error:
            line = f"cannot run here: {error}"
            failures += not error.excusable
        sys.stdout.write(f"{name}: {line} ({time.monotonic() - started:.0f} s)\n")
        sys.stdout.flush()
    return 1 if failures and os.environ.get(REQUIRE) == "all" else 0


if __name__ == "__main__":
    sys.exit(main())
