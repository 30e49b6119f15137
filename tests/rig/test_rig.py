"""The parts of the rig that need nothing outside: what is missing is said, and nothing is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from select import select

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rig import apt, pcmu, rootfs
from tests.rig.config import with_values
from tests.rig.skips import REQUIRE, Unavailable, unavailable

CONFIGURATION = """\
; port = 1
[general]
port = 5038
[worker](template)
;secret =
"""
OWNER_OF_A_PROCESS = """
import sys
from pathlib import Path
from tests.rig.process import OwnedProcess
with OwnedProcess(["sh", "-c", "echo started; exec sleep 600"], Path(sys.argv[1])) as child:
    while not child.output():
        assert not child.ended(wait_s=0.01)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


def test_a_part_that_is_not_to_be_had_skips_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="Asterisk cannot run here: no root"):
        unavailable("Asterisk", "no root")


def test_where_everything_is_required_a_missing_part_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE, "all")
    with pytest.raises(pytest.fail.Exception, match="Asterisk cannot run here: no root"):
        unavailable("Asterisk", "no root")
    with pytest.raises(pytest.skip.Exception):
        unavailable("Asterisk", "the archive is down", excusable=True)


def test_without_root_the_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(apt, "is_installed", lambda package: package == "bash")
    monkeypatch.setattr("shutil.which", lambda program: f"/usr/bin/{program}")
    apt.ensure(["bash"])
    with pytest.raises(Unavailable, match="sudo apt-get install debootstrap sip-tester"):
        apt.ensure(["bash", "debootstrap", "sip-tester"])


def test_the_archive_is_taken_from_apts_own_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = (
        "Vendor|Vendor|main|https://vendor.invalid/\n"
        "Debian|Debian-Security|main|http://mirror.invalid/debian-security/\n"
        "Debian|Debian|main|http://mirror.invalid/debian/\n"
    )
    monkeypatch.setattr(apt, "_index_targets", lambda: targets)
    monkeypatch.setattr("shutil.which", lambda program: f"/usr/bin/{program}")
    assert apt.debian_mirror() == "http://mirror.invalid/debian"


def test_values_go_into_the_section_and_the_setting_they_are_meant_for() -> None:
    text = with_values(CONFIGURATION, {("general", "port"): "25038", ("worker", "secret"): "s"})
    assert text == CONFIGURATION.replace("5038", "25038").replace(";secret =", "secret = s")


def test_a_value_for_a_setting_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="secret"):
        with_values(CONFIGURATION, {("general", "secret"): "s"})


def test_mounts_left_in_a_tree_are_found_by_it_and_not_by_its_neighbours() -> None:
    mountinfo = (
        "20 1 8:1 / / rw - ext4 /dev/sda rw\n"
        "21 20 0:5 / /cache/tree\\040a/dev rw - devtmpfs devtmpfs rw\n"
        "22 21 0:6 / /cache/tree\\040a/dev/pts rw - devpts devpts rw\n"
        "23 20 0:5 / /cache/tree\\040ab/dev rw - devtmpfs devtmpfs rw\n"
    )
    assert rootfs.mounts_below(Path("/cache/tree a"), mountinfo) == ["/cache/tree a/dev", "/cache/tree a/dev/pts"]


def test_the_cache_is_where_the_user_says_or_where_caches_are() -> None:
    assert rootfs.cache_directory({"OPENDEEP_RIG_CACHE": "/a"}) == Path("/a")
    assert rootfs.cache_directory({"XDG_CACHE_HOME": "/b"}) == Path("/b/opendeep")
    assert rootfs.cache_directory({}) == Path.home() / ".cache" / "opendeep"


@given(st.binary(max_size=320))
def test_mu_law_survives_decoding_and_encoding(codes: bytes) -> None:
    # There are two codes for zero.
    assert pcmu.encode(pcmu.decode(codes)).replace(b"\x7f", b"\xff") == codes.replace(b"\x7f", b"\xff")


def test_the_loudest_mu_law_codes_have_the_level_of_the_standard() -> None:
    assert pcmu.decode(b"\x00\x80\xff").tolist() == [-32124, 32124, 0]


@pytest.mark.parametrize("frequency_hz", [300.0, 440.0, 1000.0])
def test_the_pitch_of_a_tone_is_measured(frequency_hz: float) -> None:
    silence = np.zeros(800, np.int16)
    heard = np.concatenate([silence, pcmu.tone(frequency_hz, 0.5), silence])
    assert pcmu.pitch_hz(pcmu.spoken(heard)) == pytest.approx(frequency_hz, abs=1)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", OWNER_OF_A_PROCESS, str(tmp_path / "output")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as owner:
        yield owner
        owner.kill()


def test_a_process_dies_with_a_test_run_that_was_killed(owner: subprocess.Popen[str]) -> None:
    assert owner.stdout is not None
    child = os.pidfd_open(int(owner.stdout.readline()))
    try:
        owner.send_signal(signal.SIGKILL)
        assert select([child], [], [], 10.0)[0] == [child]
    finally:
        os.close(child)
