"""Commands are carried out once, also when callcontrol dies between writing one down and doing it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection as database

from calls.contracts import Ack, Command, CommandName, command_channel
from calls.control.process import CallControl
from calls.models import Call, CallCommand
from calls.states import State
from opendeep.core.redis import connection
from tests.calls.conftest import eventually, running
from tests.calls.control.test_process import QUICK, answer_to, dial, is_in
from tests.calls.pbx import RINGS_FOR_EVER, SECRET, USERNAME, SandboxPbx
from tests.factories import make_call

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[3]
LATER = "2026-11-25T10:00:00+00:00"


@contextmanager
def dying_callcontrol(fault: str, pbx: SandboxPbx, redis_url: str) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"sqlite:///{database.settings_dict['NAME']}",
        "REDIS_URL": redis_url,
        "ASTERISK_AMI_PORT": str(pbx.port),
        "ASTERISK_AMI_USERNAME": USERNAME,
        "ASTERISK_AMI_SECRET": SECRET,
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "tests.calls.control.dying_callcontrol", fault]
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def send_to_one_that_dies(command: Command, fault: str, pbx: SandboxPbx, redis_url: str) -> None:
    """Publishes the command until the process has died of it, as often as its sender would."""
    with dying_callcontrol(fault, pbx, redis_url) as process:
        eventually(lambda: is_in(Call.objects.get(id=command.call_id), State.RINGING), "callcontrol listens")

        def dead() -> bool:
            connection().publish(command_channel(command.call_id), command.encode())
            return process.poll() is not None

        eventually(dead, "callcontrol died of the command")


def answer_of_the_next(command: Command, pbx: SandboxPbx) -> Ack:
    """What a callcontrol that was started again says to the same command."""
    with running(CallControl(pbx.account, QUICK)) as control:
        eventually(lambda: control.client.ready and control.commands.listening.is_set())
        return answer_to(command)


@pytest.mark.parametrize("fault", ["before_effect", "after_effect"])
def test_a_hangup_whose_callcontrol_died_is_done_by_the_next(pbx: SandboxPbx, redis_url: str, fault: str) -> None:
    call = dial(pbx, RINGS_FOR_EVER)
    command = Command(call.id, CommandName.END_CALL, {"reason": "Done."})
    send_to_one_that_dies(command, fault, pbx, redis_url)
    answer_of_the_next(command, pbx)
    assert pbx.channels() == set()
    assert call.events.filter(kind="command").count() == 1


@pytest.mark.parametrize(("fault", "pressed"), [("before_effect", ""), ("after_effect", "12")])
def test_keys_are_never_pressed_again_and_nobody_says_that_they_were(
    pbx: SandboxPbx, redis_url: str, fault: str, pressed: str
) -> None:
    call = dial(pbx, RINGS_FOR_EVER)
    command = Command(call.id, CommandName.SEND_DTMF, {"digits": "12"})
    send_to_one_that_dies(command, fault, pbx, redis_url)
    assert answer_of_the_next(command, pbx) == Ack(command.command_id, False, "It is unknown which keys were pressed.")
    assert pbx.keys_of(call.id) == pressed
    assert list(call.events.filter(kind__startswith="command").values_list("kind", flat=True)) == [
        "command",
        "command_failed",
    ]


def test_the_answer_to_a_finished_command_is_the_same_after_a_restart(pbx: SandboxPbx, redis_url: str) -> None:
    call = dial(pbx, RINGS_FOR_EVER)
    keys = Command(call.id, CommandName.SEND_DTMF, {"digits": "1"})
    nonsense = Command(call.id, CommandName.SEND_DTMF, {"digits": "one"})
    first = [answer_of_the_next(command, pbx) for command in (keys, nonsense)]
    assert [ack.ok for ack in first] == [True, False]
    assert [answer_of_the_next(command, pbx) for command in (keys, nonsense)] == first
    assert pbx.keys_of(call.id) == "1"


@pytest.mark.parametrize(
    ("name", "args", "kinds"),
    [
        (CommandName.SEND_DTMF, {"digits": "1"}, ["command", "command_done"]),
        (CommandName.SEND_DTMF, {"digits": "x"}, ["command", "command_failed"]),
        (CommandName.RESCHEDULE, {"when": LATER, "reason": ""}, ["command", "reschedule_requested", "command_done"]),
        (CommandName.END_CALL, {"reason": "bye"}, ["command", "hang_up_requested", "command_done"]),
    ],
)
def test_every_command_is_an_event_when_it_begins_and_when_it_is_over(
    pbx: SandboxPbx, redis_url: str, name: CommandName, args: dict[str, str], kinds: list[str]
) -> None:
    call = dial(pbx, RINGS_FOR_EVER)
    answer_of_the_next(Command(call.id, name, args), pbx)
    events = call.events.filter(source="agent").exclude(kind="hung_up")
    assert list(events.values_list("kind", flat=True)) == kinds


def test_without_a_pbx_nothing_is_begun_and_the_same_command_may_come_again(pbx: SandboxPbx, redis_url: str) -> None:
    call = make_call(State.TALKING)
    command = Command(call.id, CommandName.SEND_DTMF, {"digits": "1"})
    account = pbx.account
    pbx.stop()
    with running(CallControl(account, QUICK)) as control:
        eventually(control.commands.listening.is_set)
        assert not answer_to(command).ok
    assert not CallCommand.objects.exists()
