"""Debian packages that the rig stands on: installed when root, named when not."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.rig.locks import exclusive
from tests.rig.skips import Unavailable

UPDATE_TIMEOUT_S = 180
INSTALL_TIMEOUT_S = 600
DPKG_LOCK_WAIT_S = 300
LOCK = Path(tempfile.gettempdir()) / "opendeep-rig-apt.lock"
QUIET = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
INDEX_FORMAT = "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)"


def ensure(packages: Iterable[str]) -> None:
    """Install those of `packages` that are missing. Raises Unavailable where that is not possible."""
    missing = [package for package in packages if not is_installed(package)]
    if not missing:
        return
    names = " ".join(missing)
    if shutil.which("apt-get") is None:
        raise Unavailable(f"it needs the Debian packages {names}, and this machine has no apt-get")
    if os.geteuid() != 0:
        raise Unavailable(f"it needs packages: sudo apt-get install {names}")
    with exclusive(LOCK):
        _update()
        _install(missing)


def is_installed(package: str) -> bool:
    return _query(package, "${db:Status-Status}") == "installed"


def version(package: str) -> str:
    """Version of an installed package."""
    return _query(package, "${Version}")


def _query(package: str, wanted: str) -> str:
    if shutil.which("dpkg-query") is None:
        return ""
    query = ["dpkg-query", "--show", f"--showformat={wanted}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout


def debian_mirror() -> str:
    """The address of the Debian archive that this machine's apt is set up with."""
    if shutil.which("apt-get") is None:
        raise Unavailable("it needs a Debian machine, and this one has no apt-get")
    mirror = _debian_archive(_index_targets())
    if mirror is None and os.geteuid() == 0:
        with exclusive(LOCK):
            _update()
        mirror = _debian_archive(_index_targets())
    if mirror is None:
        raise Unavailable("apt knows no Debian archive (run apt-get update, or see /etc/apt/sources.list*)")
    return mirror


def _debian_archive(index_targets: str) -> str | None:
    for line in index_targets.splitlines():
        origin, label, component, uri = line.split("|", 3)
        if (origin, label, component) == ("Debian", "Debian", "main"):
            return uri.rstrip("/")
    return None


def _index_targets() -> str:
    # apt itself reads its sources in both of their formats; origins are known after the first update only.
    command = ["apt-get", "indextargets", "--format", INDEX_FORMAT, "Created-By: Packages"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


_updated = False


def _update() -> None:
    """Refresh the package lists once per process. Where it fails the older lists may still do."""
    global _updated
    if not _updated:
        _apt("update", timeout_s=UPDATE_TIMEOUT_S)
        _updated = True


def _install(packages: list[str]) -> None:
    result = _apt("install", "--yes", "--no-install-recommends", *packages, timeout_s=INSTALL_TIMEOUT_S)
    if result.returncode != 0:
        last = (result.stderr.strip() or result.stdout.strip()).splitlines()[-1:]
        raise Unavailable(f"apt-get install {' '.join(packages)} failed: {' '.join(last)}")


def _apt(*arguments: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
    command = ["apt-get", "--quiet=2", "--option", f"DPkg::Lock::Timeout={DPKG_LOCK_WAIT_S}", *arguments]
    try:
        return subprocess.run(
            command, env=QUIET, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"apt-get {arguments[0]} did not end within {timeout_s:.0f} s") from error
