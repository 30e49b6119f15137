"""A Debian sid tree that holds Asterisk 22, built once and cached outside of the checkout.

Debian's stable releases carry no Asterisk, so that the suite takes sid's, in a directory of its own.
Delete the directory to get a newer one.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.rig import apt
from tests.rig.locks import exclusive
from tests.rig.skips import Unavailable

CACHE = "OPENDEEP_RIG_CACHE"
# Goes up with every change of the recipe, so that trees of an older one are not used.
NAME = "asterisk-22-r1"
PACKAGES = "asterisk,asterisk-modules"
BUILD_TIMEOUT_S = 900
OLDEST_MAJOR_VERSION = 22
# A mount namespace of its own: what is mounted in it is gone when its last process is, however that ended.
PRIVATE_MOUNTS = ("unshare", "--mount", "--propagation", "private")
# Processes of its own, too: a build that is given up, or whose test run was killed, leaves nobody writing.
CONTAINED = ("setpriv", "--pdeathsig", "KILL", *PRIVATE_MOUNTS, "--pid", "--fork", "--kill-child")


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    if override := environ.get(CACHE):
        return Path(override)
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "opendeep"


def ensure_rootfs() -> Path:
    """The tree, built if need be (about a minute, 400 MB). Raises Unavailable."""
    require_private_mounts()
    tree = cache_directory() / NAME
    with exclusive(tree.with_suffix(".lock")):
        if not tree.exists():
            _build(tree)
    return tree


def asterisk_version(tree: Path) -> str:
    """As the program itself says it, such as `22.10.1+dfsg-1`."""
    result = subprocess.run(["chroot", tree, "asterisk", "-V"], capture_output=True, text=True, check=False)
    match = re.match(r"Asterisk (\S+)", result.stdout)
    if match is None:
        raise Unavailable(f"the Asterisk in {tree} does not start: {result.stderr.strip()[-200:]}")
    return match[1]


def require_private_mounts() -> None:
    """Raises Unavailable where this user may not build or run the tree."""
    if os.geteuid() != 0:
        raise Unavailable("Asterisk 22 comes as a Debian sid tree, which needs root (debootstrap, chroot)")
    result = subprocess.run([*PRIVATE_MOUNTS, "true"], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Unavailable(f"this machine allows no mount namespace: {result.stderr.strip()}")


def _build(tree: Path) -> None:
    """Under another name first: only a whole tree ever has the final one."""
    apt.ensure(["debootstrap"])
    unfinished = tree.with_suffix(".unfinished")
    discard(unfinished)
    try:
        _debootstrap(unfinished, apt.debian_mirror())
        version = asterisk_version(unfinished)
        if int(version.split(".")[0]) < OLDEST_MAJOR_VERSION:
            raise Unavailable(f"sid has Asterisk {version}, older than {OLDEST_MAJOR_VERSION}", excusable=True)
        shutil.rmtree(unfinished / "var/cache/apt/archives")
        unfinished.rename(tree)
    finally:
        discard(unfinished)


def _debootstrap(target: Path, mirror: str) -> None:
    options = ["--variant=minbase", "--force-check-gpg", f"--include={PACKAGES}"]
    command = [*CONTAINED, "debootstrap", *options, "sid", str(target), mirror]
    try:
        result = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"debootstrap did not end within {BUILD_TIMEOUT_S} s", excusable=True) from error
    if result.returncode != 0:
        complaints = [line for line in result.stdout.splitlines() if line.startswith(("E:", "W:"))]
        raise Unavailable(f"debootstrap failed: {' '.join(complaints[-2:])}", excusable=True)


def discard(tree: Path) -> None:
    """Remove a tree of which nothing is in use; first whatever is still mounted in it, such as /dev."""
    for mount_point in reversed(mounts_below(tree, Path("/proc/self/mountinfo").read_text())):
        subprocess.run(["umount", "--lazy", mount_point], check=True)
    if tree.exists():
        shutil.rmtree(tree)


def mounts_below(tree: Path, mountinfo: str) -> list[str]:
    """Mount points at or under `tree` by the text of /proc/self/mountinfo, outermost first."""
    points = [line.split(" ")[4].encode().decode("unicode_escape") for line in mountinfo.splitlines()]
    return [point for point in points if Path(point).is_relative_to(tree)]
