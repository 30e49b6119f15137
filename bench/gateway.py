"""One real gateway process on a core of its own, and talks with it: how many, how evenly, how fast."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import psutil
from django.conf import settings

from bench import rows
from bench.processes import database_url, environment
from calls.contracts import Brief, GatewayInfo
from calls.models import Call
from calls.services import gateways
from calls.states import State
from opendeep.core import layer, redis
from tests.redis_server import RunningRedis
from tests.rig.ports import LOOPBACK, free_tcp_port
from tests.rig.process import OwnedProcess

GATEWAY_CORE, LOAD_CORE = "0", "1"
START_SECONDS = 30.0
PREPARED_PER_SECOND = 40
BURNER = "while True: pass"
HELD_SECONDS, FREE_SECONDS = 2.0, 0.5


@dataclass(frozen=True, slots=True)
class Talked:
    """`figures` are those of bench.talks; `cpu_percent` of one core and `mb_per_call` are the gateway process's."""

    figures: Mapping[str, Any]
    cpu_percent: float
    mb_per_call: float


def talk(calls: int, seconds: float, *, disturbed: bool = False) -> Talked:
    """Holds `calls` talks for `seconds`. `disturbed`: the database is locked most of the time, and cores are busy."""
    ids = _write_calls(calls)
    with TemporaryDirectory(prefix="opendeep-gateway-") as folder, ExitStack() as stack:
        model_port = free_tcp_port()
        gateway = stack.enter_context(_gateway(Path(folder), model_port))
        stack.enter_context(_redis_here())
        info = _wait_until_registered()
        Call.objects.all().update(gateway=info.id, gateway_address=info.address)
        load = stack.enter_context(_load(Path(folder)))
        order = {"port": model_port, "gateway": info.address.split(":"), "calls": [str(i) for i in ids],
                 "seconds": seconds}  # fmt: skip
        _tell(load, order)
        _expect(load, "listening")
        process = psutil.Process(gateway.pid)
        empty_mb = _mb(process)
        for call_id in ids:
            layer.send(info.channel, {"type": "voice.prepare", "call_id": str(call_id)})
            time.sleep(1 / PREPARED_PER_SECOND)
        _expect(load, "talking")
        if disturbed:
            stack.enter_context(_disturbance(Path(folder), seconds))
        used_before = _cpu_seconds(process)
        _expect(load, "done")
        cpu = (_cpu_seconds(process) - used_before) / seconds
        full_mb = _mb(process)
        figures = json.loads(_line(load))
    return Talked(figures, round(100 * cpu, 1), round((full_mb - empty_mb) / calls, 3))


def _write_calls(count: int) -> Sequence[UUID]:
    """Calls that are being dialled, so that their gateway is expected to answer."""
    _, organization = rows.make_owner("talks@example.com")
    at = datetime.now(UTC)
    made = [
        Call(
            organization=organization,
            origin=f"bench:{number}",
            number=f"+1202200{number:04}",
            contact_name="Ms. Miller",
            time_zone="America/New_York",
            brief=Brief(
                goal=f"Talk number {number}. Ask whether the appointment suits.",
                instructions="Ask politely and thank for the answer.",
                opening="Hello, I am calling about your appointment.",
                on_behalf_of="Dr. Miller's office",
            ).to_json(),
            state=State.DIALING,
            not_before=at,
            created_at=at,
            dialing_at=at,
        )
        for number in range(count)
    ]
    return [call.id for call in Call.objects.bulk_create(made)]


@contextmanager
def _gateway(folder: Path, model_port: int) -> Iterator[OwnedProcess]:
    server = RunningRedis()
    server.start()
    surroundings = {
        "PYTHONPATH": str(settings.BASE_DIR),
        "DATABASE_URL": database_url(),
        "REDIS_URL": server.url,
        "AUDIOSOCKET_BIND": f"{LOOPBACK}:{free_tcp_port()}",
        "OPENAI_REALTIME_URL": f"ws://{LOOPBACK}:{model_port}/v1/realtime",
        "OPENAI_API_KEY": "bench",
        "GATEWAY_CAPACITY": "1000",
        "GATEWAY_DRAIN_SECONDS": "0",
        "MEDIA_ROOT": str(folder / "media"),
    }
    command = ["taskset", "-c", GATEWAY_CORE, sys.executable, settings.BASE_DIR / "manage.py", "run_gateway"]
    try:
        with environment(surroundings), OwnedProcess(command, folder / "gateway.log") as process:
            settings.REDIS_URL = server.url
            settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"] = [server.url]
            yield process
    finally:
        server.stop()


@contextmanager
def _redis_here() -> Iterator[None]:
    """This process, too, uses the Redis that was just started."""
    from channels.layers import channel_layers  # noqa: PLC0415 - after its settings

    redis.connection.cache_clear()
    channel_layers.backends.clear()
    layer.use_own_loop()
    yield
    redis.connection.cache_clear()
    channel_layers.backends.clear()


def _wait_until_registered() -> GatewayInfo:
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        alive = gateways.alive()
        if alive and alive[0].channel:
            return alive[0]
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"No gateway was there within {START_SECONDS:.0f} s.")
        time.sleep(0.1)


# --- The load -------------------------------------------------------------------------------------


@contextmanager
def _load(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    command = ["taskset", "-c", LOAD_CORE, sys.executable, "-m", "bench.talks"]
    with (folder / "load.log").open("w") as log:
        load = subprocess.Popen(
            command, cwd=settings.BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        yield load
    finally:
        load.kill()
        load.wait()
        if load.returncode not in (0, -9):
            sys.stderr.write((folder / "load.log").read_text()[-2_000:])


def _tell(load: "subprocess.Popen[str]", order: Mapping[str, Any]) -> None:
    assert load.stdin is not None
    load.stdin.write(json.dumps(order) + "\n")
    load.stdin.flush()


def _line(load: "subprocess.Popen[str]") -> str:
    assert load.stdout is not None
    line = load.stdout.readline().strip()
    if not line:
        raise RuntimeError("The callers have ended before the time.")
    return line


def _expect(load: "subprocess.Popen[str]", word: str) -> None:
    line = _line(load)
    if line != word:
        raise RuntimeError(f"The callers said {line!r} and not {word!r}.")


# --- What disturbs --------------------------------------------------------------------------------


@contextmanager
def _disturbance(folder: Path, seconds: float) -> Iterator[None]:
    """A busy process beside the gateway, and a database whose write lock is mostly taken."""
    lock = [sys.executable, "-m", "bench.slow_database", HELD_SECONDS, FREE_SECONDS, seconds]
    with (
        environment({"PYTHONPATH": str(settings.BASE_DIR), "DATABASE_URL": database_url()}),
        OwnedProcess([sys.executable, "-c", BURNER], folder / "burner.log"),
        OwnedProcess(lock, folder / "lock.log"),
    ):
        yield


def _mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
