"""Orders on the in-call command bus, written down before and after their effect.

Whoever carries one out may die in between; the row tells the next one what is known: not begun, begun and perhaps
done, or finished with the acknowledgement that the sender was given.
"""

from datetime import datetime

from django.db import transaction

from calls.contracts import Ack, Command
from calls.models import Call, CallCommand, CallEvent
from opendeep.core.errors import NotFound
from opendeep.core.live import call_group, hint_on_commit


def begin(command: Command, *, run_id: str, at: datetime) -> CallCommand:
    """Writes the order down before its effect, once, and returns its row.

    `row.run_id == run_id` for whoever wrote it; for anybody else the effect may have happened already. Raises
    NotFound.
    """
    with transaction.atomic():
        if not Call.objects.filter(id=command.call_id).exists():
            raise NotFound("There is no such call.")
        row, is_new = CallCommand.objects.get_or_create(
            call_id=command.call_id,
            command_id=command.command_id,
            defaults={"name": command.name, "run_id": run_id, "begun_at": at},
        )
        if is_new:
            _note(command, "command", {**command.args}, at)
    return row


def finish(command: Command, ack: Ack, *, at: datetime) -> None:
    """Writes down what became of the order. The first word counts."""
    state = CallCommand.State.DONE if ack.ok else CallCommand.State.FAILED
    with transaction.atomic():
        begun = CallCommand.objects.filter(
            call_id=command.call_id, command_id=command.command_id, state=CallCommand.State.BEGUN
        )
        if begun.update(state=state, error=ack.error[:200], finished_at=at):
            _note(command, f"command_{state}", {"error": ack.error[:200]} if ack.error else {}, at)


def ack_of(row: CallCommand) -> Ack | None:
    """What the sender was told; None while the order is not finished."""
    if row.state == CallCommand.State.BEGUN:
        return None
    return Ack(row.command_id, ok=row.state == CallCommand.State.DONE, error=row.error)


def _note(command: Command, kind: str, detail: dict[str, str], at: datetime) -> None:
    detail = {"command": str(command.name), **detail}
    CallEvent.objects.create(call_id=command.call_id, at=at, kind=kind, source="agent", detail=detail)
    hint_on_commit(call_group(command.call_id), "event")
