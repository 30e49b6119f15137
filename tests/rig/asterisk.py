"""A real Asterisk that runs for the length of a test, configured with the files that operators copy."""

import secrets
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig.ami import AmiClient
from tests.rig.config import with_values
from tests.rig.ports import LOOPBACK, free_tcp_port, free_udp_port
from tests.rig.process import OwnedProcess
from tests.rig.rootfs import PRIVATE_MOUNTS, asterisk_version, ensure_rootfs

DEPLOYED = Path(__file__).parents[2] / "deploy" / "asterisk"
RIG = Path(__file__).parent / "conf"
START_TIMEOUT_S = 20.0
RTP_PORTS = 400
# Asterisk complains about each of these that is missing, and takes its defaults from an empty one.
EMPTY = ("acl", "amd", "ccss", "cdr", "cel", "features", "pjproject", "udptl")
# The tree is read-only; /mnt is the directory of this run. What is mounted is so for this process alone.
START = """
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount --bind "$2" "$1/mnt"
mount --rbind /dev "$1/dev"
mount --bind /proc "$1/proc"
exec chroot "$1" /usr/sbin/asterisk -f -C /mnt/etc/asterisk.conf
"""


@dataclass(frozen=True)
class Account:
    """A login of the Asterisk Manager Interface."""

    username: str
    secret: str


class RunningAsterisk:
    """Asterisk between enter and exit, on ports of its own: any number of them run side by side.

    Entered again, it is an Asterisk that was restarted: on the same ports, with the same accounts.

    Dial `dial_string` with the number filled in; it goes to whatever SIP callee listens on `trunk_port`. What is
    dialled as `desk_dial_string` goes to `desk_port`.
    Channel variables OPENDEEP_CALL and OPENDEEP_GATEWAY take the call from there (deploy/asterisk/extensions.conf).
    """

    host = LOOPBACK
    dial_string = "PJSIP/{number}@trunk"
    desk_dial_string = "PJSIP/{number}@desk"
    context = "opendeep-out"

    def __init__(self, ami_certificate: bytes | None = None, trunk_codecs: str = "ulaw") -> None:
        """`ami_certificate`: key and certificate in PEM; with it, AMI is served over TLS too, at `ami_tls_port`."""
        self._trunk_codecs = trunk_codecs
        self._certificate = ami_certificate
        self._tree = ensure_rootfs()
        self.version = asterisk_version(self._tree)
        self.ami_port = free_tcp_port()
        self.ami_tls_port = free_tcp_port()
        self.sip_port = free_udp_port()
        self.trunk_port = free_udp_port()
        self.desk_port = free_udp_port()
        self.originator = Account("opendeep-orig", secrets.token_hex(16))
        self.observer = Account("opendeep-events", secrets.token_hex(16))
        self.everything = Account("opendeep", secrets.token_hex(16))
        self._stack = ExitStack()
        self._process: OwnedProcess
        self._directory: Path
        self._log_to_the_end: str | None = None

    def __enter__(self) -> Self:
        self._log_to_the_end = None
        with ExitStack() as stack:
            self._directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opendeep-asterisk-")))
            self._write_configuration()
            command = [*PRIVATE_MOUNTS, "sh", "-euc", START, "sh", self._tree, self._directory]
            # Asked politely, it waits 15 s for a channel that it has lost count of. Nothing of it is kept anyway.
            process = OwnedProcess(command, self._directory / "output", stop_signal=signal.SIGKILL)
            self._process = stack.enter_context(process)
            self.wait_for_log("Asterisk Ready.", START_TIMEOUT_S)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop()
        self._log_to_the_end = self.log()
        self._stack.close()

    def connect(self, account: Account) -> AmiClient:
        """A logged-in AMI connection, for the tests of the rig itself."""
        client = AmiClient(self.host, self.ami_port)
        client.login(account.username, account.secret)
        return client

    def log(self) -> str:
        """What Asterisk has logged so far (notices, warnings, errors, verbose); after exit, all of it."""
        if self._log_to_the_end is not None:
            return self._log_to_the_end
        log = self._directory / "log" / "full"
        return self._process.output() + (log.read_text(errors="replace") if log.exists() else "")

    def wait_for_log(self, text: str, timeout_s: float) -> None:
        """Return once the log holds `text`. Raises TimeoutError, or RuntimeError if Asterisk has ended."""
        deadline = time.monotonic() + timeout_s
        while text not in self.log():
            if self._process.ended(wait_s=0.01):
                raise RuntimeError(f"Asterisk has ended:\n{self.log()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"Asterisk did not log {text!r} within {timeout_s:.0f} s:\n{self.log()}")

    def command(self, line: str) -> str:
        """Output of a command of Asterisk's own console, such as `core show channels`."""
        inside = ["nsenter", "--mount", "--target", str(self._process.pid), "chroot", str(self._tree)]
        asterisk = ["asterisk", "-C", "/mnt/etc/asterisk.conf", "-rx", line]
        return subprocess.run([*inside, *asterisk], capture_output=True, text=True, check=True).stdout

    def _write_configuration(self) -> None:
        for name in ("etc", "lib", "log", "spool", "run"):
            (self._directory / name).mkdir()
        etc = self._directory / "etc"
        for name in ("extensions.conf", "modules.conf"):
            (etc / name).write_text((DEPLOYED / name).read_text())
        for name in ("asterisk.conf", "logger.conf", "indications.conf"):
            (etc / name).write_text((RIG / name).read_text())
        for name in EMPTY:
            (etc / f"{name}.conf").touch()
        (etc / "manager.conf").write_text(self._manager_conf())
        (etc / "pjsip.conf").write_text(self._pjsip_conf())
        (etc / "rtp.conf").write_text(self._rtp_conf())

    def _manager_conf(self) -> str:
        accounts = (self.originator, self.observer, self.everything)
        values = {(account.username, "secret"): account.secret for account in accounts if account.secret}
        values["general", "port"] = str(self.ami_port)
        if self._certificate is not None:
            (self._directory / "etc" / "ami.pem").write_bytes(self._certificate)
            values["general", "tlsenable"] = "yes"
            values["general", "tlsbindaddr"] = f"{self.host}:{self.ami_tls_port}"
            values["general", "tlscertfile"] = values["general", "tlsprivatekey"] = "/mnt/etc/ami.pem"
        return with_values((DEPLOYED / "manager.conf").read_text(), values)

    def _pjsip_conf(self) -> str:
        values = {
            ("transport-udp", "bind"): f"{LOOPBACK}:{self.sip_port}",
            ("trunk-aor", "contact"): f"sip:{LOOPBACK}:{self.trunk_port}",
            ("trunk-identify", "match"): LOOPBACK,
            ("trunk", "allow"): self._trunk_codecs,
            ("desk-aor", "contact"): f"sip:{LOOPBACK}:{self.desk_port}",
        }
        return with_values((DEPLOYED / "pjsip.conf").read_text() + (RIG / "desk.conf").read_text(), values)

    def _rtp_conf(self) -> str:
        first = free_udp_port() & ~1
        values = {("general", "rtpstart"): str(first), ("general", "rtpend"): str(first + RTP_PORTS - 1)}
        return with_values((DEPLOYED / "rtp.conf").read_text(), values)
