"""Our own parts: settings, database, Redis, processes, the gateway's port, the model's key."""

import ipaddress
import socket
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from calls.asterisk.pbx import DEFAULT_PBX, part_of, pbx_named, pbx_names
from calls.doctor.findings import Finding, Level, missing, note, ok
from calls.services import gateways, transfers
from opendeep.accounts.models import Organization
from opendeep.core import alive, redis
from opendeep.core.errors import PermanentError, RetryableError
from opendeep.core.llm.client import call_model, client

CONNECT_SECONDS = 3.0
PROCESSES = {
    "beat": "nothing is due without it: `celery -A opendeep beat`",
    "worker": "nobody dials: `celery -A opendeep worker -Q dial,default`",
    "worker-llm": "nothing is judged, and no report is written: `celery -A opendeep worker -Q llm`",
    "gateway": "there is no voice: `manage.py run_gateway`",
}
PROCESSES_OF_A_PBX = {
    "callcontrol": "nobody listens to the PBX: `manage.py run_callcontrol{option}`",
    "pbx": "callcontrol is not logged in at the PBX",
}


def findings() -> Iterator[Finding]:
    yield from configured()
    yield from database()
    answer = redis_answers()
    yield answer
    if answer.level is Level.OK:
        yield from processes()
        yield from audio_ports()
    yield model()


def configured() -> Iterator[Finding]:
    part = "settings"
    needed = ["OPENAI_API_KEY", "ASTERISK_AMI_SECRET", "ASTERISK_AMI_EVENTS_SECRET"]
    empty = [name for name in needed if not getattr(settings, name)]
    if empty:
        yield missing(part, f"Not set: {', '.join(empty)}.")
    else:
        yield ok(part, f"{', '.join(needed)} are set.")
    if settings.MAX_CONCURRENT_CALLS == 0:
        yield missing(part, "MAX_CONCURRENT_CALLS is 0: no call goes out.")
    if settings.TEST_REDIRECT_NUMBER:
        yield note(part, "TEST_REDIRECT_NUMBER is set: every call goes to that number.")
    if settings.DEBUG:
        yield note(part, "DEBUG is on: error pages show the inside.")


def database() -> Iterator[Finding]:
    part = f"database ({connection.vendor})"
    try:
        executor = MigrationExecutor(connection)
        todo = executor.migration_plan(executor.loader.graph.leaf_nodes())
        organizations = 0 if todo else Organization.objects.count()
    except DatabaseError as error:
        yield missing(part, f"It cannot be used: {type(error).__name__}. Check DATABASE_URL.")
        return
    if todo:
        yield missing(part, f"{len(todo)} migrations are not applied. Run `manage.py migrate`.")
        return
    yield ok(part, "It answers, and all migrations are applied.")
    if not organizations:
        yield note(part, "There is no organization yet. Make one in /admin/.")
    yield from persons()


def persons() -> Iterator[Finding]:
    """To whom callees are put through."""
    for organization in Organization.objects.exclude(transfer_number=""):
        if problem := transfers.problem_of(organization):
            yield missing("transfer to a person", f"{organization.name}: {problem} Change it in /admin/.")


def redis_answers() -> Finding:
    try:
        redis.connection().ping()
    except RedisError:
        return missing("Redis", "It cannot be reached. Check REDIS_URL.")
    return ok("Redis", "It answers.")


def processes() -> Iterator[Finding]:
    for process, without in needed_processes().items():
        if alive.is_alive(process):
            yield ok(process, "Its last sign of life is less than 20 seconds old.")
        else:
            yield missing(process, f"No sign of life; {without}.")


def needed_processes() -> dict[str, str]:
    """What is not there without each: those of every PBX carry its name."""
    needed = dict(PROCESSES)
    for pbx in pbx_names():
        option = "" if pbx == DEFAULT_PBX else f" --pbx {pbx}"
        for process, without in PROCESSES_OF_A_PBX.items():
            needed[part_of(process, pbx)] = without.format(option=option)
    return needed


def audio_ports() -> Iterator[Finding]:
    """Every gateway that is alive is called at the address that the PBX is given."""
    part = "audio of the gateway"
    for gateway in gateways.alive():
        host, _, port = gateway.address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        except OSError as error:
            yield missing(part, f"{gateway.address} cannot be reached: {error.strerror or error}.")
            continue
        if _is_loopback(host) and not all(_is_loopback(pbx_named(name).host) for name in pbx_names()):
            yield missing(part, f"The PBX is elsewhere and cannot reach {gateway.address}. Set AUDIOSOCKET_ADVERTISE.")
        else:
            yield ok(part, f"{gateway.address} can be reached from here; see that it can be from the PBX.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def model() -> Finding:
    part = "OpenAI"
    if not settings.OPENAI_API_KEY:
        return missing(part, "There is no key to try.")
    try:
        names = {model.id for model in call_model(lambda: client().models.list())}
    except (PermanentError, RetryableError) as error:
        return missing(part, str(error))
    wanted = {settings.OPENAI_TEXT_MODEL, settings.OPENAI_REALTIME_MODEL, settings.OPENAI_TRANSCRIPTION_MODEL}
    if unknown := sorted(wanted - names):
        return note(part, f"The key is accepted, but these models are not listed for it: {', '.join(unknown)}.")
    return ok(part, "The key is accepted, and the models are there.")
