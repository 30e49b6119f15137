"""Debian's Chromium, for the tests that drive pages."""

import shutil
import subprocess
from pathlib import Path

from tests.rig import apt
from tests.rig.skips import Unavailable

PACKAGE = "chromium"


def executable() -> Path:
    """Where it is, installed if need be. Raises Unavailable."""
    if shutil.which(PACKAGE) is None:
        apt.ensure([PACKAGE])
    found = shutil.which(PACKAGE)
    if found is None:
        raise Unavailable(f"the package {PACKAGE} is installed, but the program is not on the PATH")
    return Path(found)


def version() -> str:
    result = subprocess.run([executable(), "--version"], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Unavailable(f"Chromium does not start: {result.stderr.strip()[-200:]}")
    return result.stdout.strip().removeprefix("Chromium ")
