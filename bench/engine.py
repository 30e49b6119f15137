"""The call engine at work: real workers, beat and callcontrol dial into the sandbox's PBX, which counts."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.db import connection

from bench import rows
from bench.processes import database_url, environment
from calls.models import Call, CallingHours
from calls.states import State
from opendeep.accounts.models import Organization
from tests.redis_server import RunningRedis
from tests.rig.ports import LOOPBACK, free_tcp_port
from tests.rig.process import OwnedProcess

CAMPAIGNS = 10
TASKS = 100_000
BUSY = "+12025550101"
"""Every call rings here: the sandbox's busy telephone, whose line is free again after a third of a second."""
CONDITIONS = (
    f"{TASKS:,} due tasks of {CAMPAIGNS} organizations, two Celery workers with two processes each, beat, callcontrol "
    "and the sandbox's PBX all on this machine; every call is busy after 0.3 s; a gateway without a model says at once "
    "that the voice is ready; verdicts wait in their queue"
)
WARM_UP_SECONDS = 5.0
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Observed:
    """`originated`: when Originate actions reached the PBX; `freed`: when calls gave up their lines. Both in order."""

    originated: list[datetime]
    freed: list[datetime]


def watch(*, lines: int, seconds: float) -> Observed:
    """Lets the engine work through due tasks for `seconds` after its warm-up, with `lines` calls at once at most."""
    _fill()
    with TemporaryDirectory(prefix="opendeep-engine-") as folder:
        journal = Path(folder) / "pbx.jsonl"
        with _running(Path(folder), journal, lines):
            _wait_for_first(journal)
            time.sleep(WARM_UP_SECONDS)
            began = datetime.now(UTC)
            time.sleep(seconds)
            ended = datetime.now(UTC)
        return Observed(_originated(journal, began, ended), _freed(began, ended))


def delays(observed: Observed, lines: int) -> list[float]:
    """Seconds from each line that became free to the Originate that took it, in order: all lines are in use before."""
    live_at_first = Call.objects.filter(originate_sent_at__lt=observed.originated[0])
    taken = live_at_first.exclude(ended_at__lt=observed.originated[0]).count()
    free = max(lines - taken, 0)
    pairs = zip(observed.originated[free:], observed.freed, strict=False)
    return [max((sent - freed).total_seconds(), 0.0) for sent, freed in pairs]


def _fill() -> None:
    at = datetime.now(UTC) - timedelta(minutes=1)
    share = TASKS // CAMPAIGNS
    for n in range(CAMPAIGNS):
        user, organization = rows.make_owner(f"engine{n}@example.com")
        Organization.objects.filter(pk=organization.pk).update(calls_per_second=1_000, calls_on_holidays=True)
        CallingHours.objects.bulk_create(
            CallingHours(organization=organization, weekday=day, opens_minute=0, closes_minute=1440) for day in range(7)
        )
        rows.add_due_tasks(rows.make_campaign(user, organization, at), first=1 + n * share, count=share, at=at)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@contextmanager
def _running(folder: Path, journal: Path, lines: int) -> Iterator[None]:
    redis = RunningRedis()
    ami_port = free_tcp_port()
    celery = [sys.executable, "-m", "celery", "-A", "opendeep"]
    worker = [*celery, "worker", "-Q", "dial,default", "--concurrency", "2", "--loglevel", "warning"]
    ami = ["--ami-port", ami_port, "--username", "bench", "--secret", "bench", "--journal", journal]
    commands: Mapping[str, list[object]] = {
        "pbx": [sys.executable, "-m", "sandbox", "pbx", *ami],
        "voices": [sys.executable, "-m", "bench.voices"],
        "callcontrol": [sys.executable, settings.BASE_DIR / "manage.py", "run_callcontrol"],
        "worker1": [*worker, "-n", "one@%h"],
        "worker2": [*worker, "-n", "two@%h"],
        "beat": [*celery, "beat", "--loglevel", "warning"],
    }
    surroundings = {
        "PYTHONPATH": str(settings.BASE_DIR),
        "DATABASE_URL": database_url(),
        "REDIS_URL": redis.url,
        "ASTERISK_AMI_HOST": LOOPBACK,
        "ASTERISK_AMI_PORT": str(ami_port),
        "ASTERISK_AMI_USERNAME": "bench",
        "ASTERISK_AMI_SECRET": "bench",
        "MAX_CONCURRENT_CALLS": str(lines),
        "TRUNK_LINES": str(lines),
        "CALLS_PER_SECOND": "1000",
        "TEST_REDIRECT_NUMBER": BUSY,
    }
    with ExitStack() as stack:
        redis.start()
        stack.callback(redis.stop)
        stack.enter_context(environment(surroundings))
        for name, command in commands.items():
            stack.enter_context(OwnedProcess(command, folder / f"{name}.log"))
        yield


def _wait_for_first(journal: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while not (journal.exists() and journal.read_text()):
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"Nothing was dialled within {START_SECONDS:.0f} s.")
        time.sleep(0.1)


def _originated(journal: Path, began: datetime, ended: datetime) -> list[datetime]:
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    moments = [datetime.fromisoformat(entry["at"]) for entry in entries if entry["event"] == "originate"]
    return sorted(moment for moment in moments if began <= moment <= ended)


def _freed(began: datetime, ended: datetime) -> list[datetime]:
    over = Call.objects.filter(state=State.ENDED, ended_at__gte=began, ended_at__lte=ended)
    return sorted(at for at in over.values_list("ended_at", flat=True) if at is not None)
