"""The tree that Asterisk runs in: built whole or not at all, and removed without harm to anything else."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig import apt, rootfs
from tests.rig.skips import Unavailable, unavailable

pytestmark = pytest.mark.asterisk
NOBODY_LISTENS = "http://127.0.0.1:1/debian"


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """A tree with one of the machine's own directories still mounted in it, as a crash could leave it."""
    try:
        rootfs.require_private_mounts()
    except Unavailable as error:
        unavailable("Asterisk", str(error))
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "null").touch()
    tree = tmp_path / "tree"
    (tree / "dev").mkdir(parents=True)
    subprocess.run(["mount", "--bind", tmp_path / "devices", tree / "dev"], check=True)
    yield tree
    subprocess.run(["umount", "--quiet", tree / "dev"], check=False)


def test_a_tree_is_removed_without_what_is_mounted_in_it(tree: Path) -> None:
    rootfs.discard(tree)
    assert not tree.exists()
    assert (tree.parent / "devices" / "null").exists()


def test_an_archive_that_cannot_be_reached_is_an_excuse_and_leaves_nothing_behind(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(rootfs.CACHE, str(tmp_path / "cache"))
    monkeypatch.setattr(apt, "debian_mirror", lambda: NOBODY_LISTENS)
    with pytest.raises(Unavailable, match="debootstrap failed") as caught:
        rootfs.ensure_rootfs()
    assert caught.value.excusable
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [f"{rootfs.NAME}.lock"]
