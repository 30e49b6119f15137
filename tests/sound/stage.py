"""Callees with telephones, a real Asterisk, a gateway process and the stand-in for the model; what passes between."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from sandbox.speech.g711 import encode
from sandbox.speech.voice import synthesize
from tests.audiogateway.recording.listening import Heard, listen
from tests.rig.asterisk import RunningAsterisk
from tests.rig.metronome import Metronome
from tests.rig.pbx import WAIT_S, Pbx
from tests.rig.ports import LOOPBACK, free_tcp_port
from tests.rig.process import OwnedProcess
from tests.rig.rtp import PCMU, Codec, RtpPeer
from tests.rig.sipp import Callee, answers_each_at_its_port
from tests.rig.wire import Segment, Wire, messages

ROOT = Path(__file__).parents[2]
VOICES = ROOT / "var" / "sandbox" / "voices"
PREFIX = "+1202"
"""The port of the callee's telephone and seven digits are the rest of a number."""
START_TIMEOUT_S = 60.0
WAIT_FOR_NEWS_S = 30.0
KIND_ID = 0x01

News = dict[str, Any]


class GatewayProcess:
    """tests/sound/gateway.py between enter and exit."""

    def __init__(self, realtime_url: str, recordings: Path) -> None:
        self._command = [sys.executable, "-m", "tests.sound.gateway", realtime_url, str(recordings)]
        self._news: list[News] = []
        self._changed = threading.Condition()
        self._process: subprocess.Popen[str]
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *self._command],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join()
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def order(self, call_id: UUID, **more: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"call_id": str(call_id), **more}) + "\n")
        self._process.stdin.flush()

    def wait_for(
        self, what: str, call_id: UUID, matching: Callable[[News], bool] = bool, timeout_s: float = 30
    ) -> News:
        """The first such news of this call, of those already here and those to come. Raises TimeoutError."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._find(what, call_id, matching), timeout_s)
        if not found:
            raise TimeoutError(f"no {what!r} of {call_id} within {timeout_s} s: {self.news(call_id)[-5:]}")
        return found

    def news(self, call_id: UUID, what: str = "") -> list[News]:
        return [n for n in list(self._news) if n["call_id"] == str(call_id) and what in ("", n["what"])]

    def _find(self, what: str, call_id: UUID, matching: Callable[[News], bool]) -> News | None:
        return next((news for news in self.news(call_id, what) if matching(news)), None)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # the rest is its log
                with self._changed:
                    self._news.append(json.loads(line))
                    self._changed.notify_all()


class Talk:
    """One call, from the order to what is left of it."""

    def __init__(self, stage: "Stage", pbx: Pbx, phone: RtpPeer) -> None:
        self._stage = stage
        self.pbx = pbx
        self.phone = phone
        self.id = pbx.call_id

    def say(self, text: str) -> None:
        """The callee says so, with a voice."""
        self.phone.play(encode(synthesize(text)))

    def wait_for(self, what: str, matching: Callable[[News], bool] = bool, timeout_s: float = WAIT_FOR_NEWS_S) -> News:
        return self._stage.gateway.wait_for(what, self.id, matching, timeout_s)

    def news(self, what: str) -> list[News]:
        return self._stage.gateway.news(self.id, what)

    def hang_up(self) -> News:
        """The callee hangs up. Returns the figures of the talk."""
        self.pbx.observer.action("Hangup", ("Channel", str(self.id)))
        self.wait_for("over")
        self.wait_for("recording", lambda news: news["bytes"] > 0)
        figures: News = self.wait_for("figures")["figures"]
        return figures

    @property
    def agent_texts(self) -> list[str]:
        """What the agent said, as far as it was heard."""
        turns = {turn["item_id"]: turn for news in self.news("turns") for turn in news["turns"]}
        return [turn["heard_text"] for turn in turns.values() if turn["speaker"] == "agent"]

    def recording(self) -> Heard:
        return listen(self._stage.recordings / self.news("recording")[-1]["path"])

    def to_asterisk(self) -> list[tuple[float, int, bytes]]:
        """The AudioSocket messages that the gateway sent: moment, kind, payload."""
        return messages(self._stage.audiosocket.sent_to(self._client()))

    def from_asterisk(self) -> list[tuple[float, int, bytes]]:
        return messages(self._stage.audiosocket.sent_by(self._client()))

    def _client(self) -> int:
        first = bytes([KIND_ID, 0, 16]) + self.id.bytes
        wire = self._stage.audiosocket
        return next(port for port in wire.clients() if _begins_with(wire.sent_by(port), first))


def _begins_with(segments: list[Segment], first: bytes) -> bool:
    return bool(segments) and segments[0].payload.startswith(first)


class Stage:
    """Between enter and exit; any number of calls."""

    def __init__(self, asterisk: RunningAsterisk, codec: Codec = PCMU) -> None:
        self._codec = codec
        self._asterisk = asterisk
        self._stack = ExitStack()
        self.gateway: GatewayProcess
        self.audiosocket: Wire
        self.realtime: Wire
        self.metronome: Metronome
        self.recordings: Path
        self.address: tuple[str, int]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.recordings = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opendeep-sound-")))
            openai_port = free_tcp_port()
            command = ["env", "-C", ROOT, f"SANDBOX_CACHE_DIR={VOICES}", sys.executable, "-m", "sandbox", "openai"]
            output = self.recordings / "openai.log"
            stack.enter_context(OwnedProcess([*command, "--port", openai_port], output, stop_signal=signal.SIGKILL))
            self.realtime = stack.enter_context(Wire(openai_port))
            url = f"ws://{LOOPBACK}:{openai_port}/v1/realtime"
            self.gateway = stack.enter_context(GatewayProcess(url, self.recordings))
            self.metronome = stack.enter_context(Metronome())
            stack.enter_context(Callee(self._asterisk.trunk_port, answers_each_at_its_port(self._codec)))
            port = self.gateway.wait_for("listening", UUID(int=0), timeout_s=START_TIMEOUT_S)["port"]
            self.address = (LOOPBACK, int(port))
            self.audiosocket = stack.enter_context(Wire(port))
            _wait_until_served(f"http://{LOOPBACK}:{openai_port}/v1/models")
            self._calls = stack.enter_context(ExitStack())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def prepare(self, *, saves_packets: bool = False, order: dict[str, Any] | None = None, **brief: Any) -> Talk:
        """A call whose voice is ready. `order` and `brief` change fields of the order and of its brief."""
        phone = self._calls.enter_context(RtpPeer(saves_packets=saves_packets, codec=self._codec))
        originator, observer = (
            self._calls.enter_context(self._asterisk.connect(account))
            for account in (self._asterisk.originator, self._asterisk.observer)
        )
        talk = Talk(self, Pbx(self._asterisk, originator, observer), phone)
        self.gateway.order(talk.id, brief=brief, order=order or {})
        talk.wait_for("ready")
        return talk

    def call(self, *, saves_packets: bool = False, order: dict[str, Any] | None = None, **brief: Any) -> Talk:
        """A call that the callee has just answered, and hears."""
        talk = self.prepare(saves_packets=saves_packets, order=order, **brief)
        self.connect(talk)
        return talk

    def connect(self, talk: Talk) -> None:
        talk.pbx.dial("{}:{}".format(*self.address), f"{PREFIX}{talk.phone.port:07d}")
        talk.phone.wait_for_audio(0.02, WAIT_S)


def _wait_until_served(url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    request = urllib.request.Request(url, headers={"Authorization": "Bearer test-key"})
    while True:
        try:
            urllib.request.urlopen(request, timeout=5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
