"""Callees at the other end of the trunk: SIPp with one of the scenarios beside this file."""

import re
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig import apt
from tests.rig.ports import LOOPBACK
from tests.rig.process import OwnedProcess
from tests.rig.rtp import PCMU, Codec

PACKAGE = "sip-tester"
SCENARIOS = Path(__file__).parent / "scenarios"
START_TIMEOUT_S = 10.0
NO_AUDIO_PORT = 9
INVITED = re.compile(r"^INVITE sips?:([^@;>]+)@.*?^Call-ID: *(\S+)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Behaviour:
    """A file of `scenarios/`, what stands for the [words] in it, and for how long its pause lasts."""

    scenario: str
    values: Mapping[str, str] = field(default_factory=dict)
    pause_ms: int = 0


def answers(rtp_port: int, after_s: float = 0.0) -> Behaviour:
    """Rings, answers, stays until the caller hangs up. `rtp_port`: where its audio is, such as an RtpPeer's."""
    return Behaviour("answer", {"rtp_port": str(rtp_port)}, pause_ms=round(after_s * 1000))


def answers_each_at_its_port(codec: Codec = PCMU) -> Behaviour:
    """As `answers`, with the audio of every call at the port that the last five digits of its number are."""
    return Behaviour(
        "answer_at_port_of_number",
        {"payload_type": str(codec.payload_type), "encoding": f"{codec.name}/{codec.rate_hz}"},
    )


def answers_and_hangs_up(after_s: float, rtp_port: int = NO_AUDIO_PORT) -> Behaviour:
    return Behaviour("answer_and_hang_up", {"rtp_port": str(rtp_port)}, pause_ms=round(after_s * 1000))


def refuses(status: int, reason: str) -> Behaviour:
    """Says no with a SIP status: 486 busy, 603 declined, 404 not found, 480 not there, and so on."""
    return Behaviour("refuse", {"status": f"{status} {reason}"})


def rings_for_ever() -> Behaviour:
    return Behaviour("ring")


def announces_for_ever(rtp_port: int) -> Behaviour:
    """An announcement before any answer (183 with audio), until the caller gives up."""
    return Behaviour("announce", {"rtp_port": str(rtp_port)})


def announces_and_refuses(after_s: float, rtp_port: int, status: int = 486, reason: str = "Busy Here") -> Behaviour:
    """An announcement before any answer (183 with audio), and then a no."""
    values = {"status": f"{status} {reason}", "rtp_port": str(rtp_port)}
    return Behaviour("announce_and_refuse", values, pause_ms=round(after_s * 1000))


class Callee:
    """SIPp on `port` of the loopback interface between enter and exit; every call gets the same behaviour."""

    def __init__(self, port: int, behaviour: Behaviour) -> None:
        apt.ensure([PACKAGE])
        self.port = port
        self._behaviour = behaviour
        self._stack = ExitStack()
        self._messages: Path
        self._messages_to_the_end: str | None = None
        self._process: OwnedProcess

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opendeep-sipp-")))
            self._messages = directory / "messages"
            scenario = directory / "scenario.xml"
            scenario.write_text(self._scenario())
            # Asked politely, it waits for the end of calls whose other end may be gone.
            process = OwnedProcess(self._command(scenario), directory / "output", stop_signal=signal.SIGKILL)
            self._process = stack.enter_context(process)
            self._wait_until_listening()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop()
        self._messages_to_the_end = self.messages()
        self._stack.close()

    def messages(self) -> str:
        """Every SIP message sent and received so far; after exit, all of them."""
        if self._messages_to_the_end is not None:
            return self._messages_to_the_end
        return self._messages.read_text(errors="replace") if self._messages.exists() else ""

    def wait_for_message(self, start_line: str, timeout_s: float) -> None:
        """Return once a message with that start line was sent or received. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while start_line not in self.messages():
            if self._process.ended(wait_s=0.01) or time.monotonic() > deadline:
                raise TimeoutError(f"no {start_line} within {timeout_s} s:\n{self.messages()}")

    def numbers_called(self) -> list[str]:
        """The number of every call so far, in order; a call counts once however often its INVITE was repeated."""
        calls = {call_id: number for number, call_id in INVITED.findall(self.messages())}
        return list(calls.values())

    def _scenario(self) -> str:
        # SIPp's own keywords cannot stand for a status: it wants that to be a number when it reads the file.
        # And a pause of no length now and then never ends.
        pause_ms = self._behaviour.pause_ms
        pause = f'<pause milliseconds="{pause_ms}"/>' if pause_ms else ""
        text = (SCENARIOS / f"{self._behaviour.scenario}.xml").read_text().replace("<pause/>", pause)
        for word, value in self._behaviour.values.items():
            text = text.replace(f"[{word}]", value)
        return text

    def _command(self, scenario: Path) -> list[str | Path]:
        where = ["-i", LOOPBACK, "-p", str(self.port), "-nostdin", "-aa"]
        log = ["-trace_msg", "-message_file", str(self._messages)]
        return ["sipp", "-sf", scenario, *where, *log]

    def _wait_until_listening(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        socket_line = f":{self.port:04X} 00000000:0000 "
        while socket_line not in Path("/proc/net/udp").read_text():
            if self._process.ended(wait_s=0.01):
                raise RuntimeError(f"SIPp did not start:\n{self._process.output()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"SIPp did not open its port within {START_TIMEOUT_S:.0f} s")
