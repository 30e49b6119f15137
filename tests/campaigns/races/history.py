"""What happened in a race, in the order of the commits, and what must never have happened."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from calls.models import Call, CallEvent
from calls.states import LIVE, State
from campaigns.models import Task, TaskEvent
from tests.campaigns.races.acts import MARK


@dataclass(frozen=True)
class Moment:
    """An event, with the call that it belongs to."""

    kind: str
    to_state: str
    detail: Mapping[str, Any]
    call: Call

    def is_act(self, name: str, **args: str) -> bool:
        return self.kind == MARK and self.detail["act"] == name and args.items() <= self.detail.items()


def moments() -> list[Moment]:
    """Every event of every call, the earliest commit first."""
    events = list(CallEvent.objects.select_related("call"))
    order = _commits()
    events.sort(key=lambda event: (order[event.pk], event.pk))
    return [Moment(event.kind, event.to_state, event.detail, event.call) for event in events]


def _commits() -> dict[int, Any]:
    """When each event was committed. On SQLite one transaction comes after the other, and so do its ids."""
    if connection.vendor == "sqlite":
        return {pk: pk for pk in CallEvent.objects.values_list("pk", flat=True)}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, pg_xact_commit_timestamp(xmin) FROM {CallEvent._meta.db_table}")
        return dict(cursor.fetchall())


def live_calls(history: list[Moment]) -> Iterator[tuple[Moment, list[Call]]]:
    """Each moment, and the calls that held a line right after it."""
    live: dict[Any, Call] = {}
    for moment in history:
        if moment.to_state in LIVE:
            live[moment.call.pk] = moment.call
        elif moment.to_state in (State.QUEUED, State.ENDED):
            live.pop(moment.call.pk, None)
        yield moment, list(live.values())


def check_caps(history: list[Moment], *, system: int, organization: int, group: int) -> None:
    """At no moment more calls than any cap; a lowered one counts for whoever takes a line from then on."""
    caps: Counter[Any] = Counter()
    for moment, live in live_calls(history):
        if moment.is_act("set_cap"):
            caps[moment.detail["organization"]] = int(moment.detail["lines"])
        if moment.to_state not in (State.PREPARING, State.DIALING):
            continue
        of_organization = sum(call.organization_id == moment.call.organization_id for call in live)
        of_group = sum(call.group_id == moment.call.group_id for call in live if call.group_id)
        assert len(live) <= system
        assert of_organization <= caps.get(str(moment.call.organization_id), organization)
        assert of_group <= group


def check_one_live_call_for_each_number(history: list[Moment]) -> None:
    for _, live in live_calls(history):
        assert max(Counter((call.organization_id, call.number) for call in live).values(), default=0) <= 1


def check_pauses(history: list[Moment]) -> None:
    """After the commit of a pause, a cancellation or a no, no dial is committed that it concerns."""
    paused: set[str] = set()
    for moment in history:
        call = moment.call
        if moment.kind == MARK:
            paused = _after(paused, moment.detail)
        elif moment.kind == "dial":
            concerned = {
                f"group {call.group_id}",
                f"all {call.organization_id}",
                f"no {call.organization_id} {call.number}",
            }
            assert not concerned & paused, f"dialled although: {concerned & paused}"


def _after(paused: set[str], detail: Mapping[str, Any]) -> set[str]:
    group = {f"group campaigns.campaign:{detail.get('campaign')}"}
    organization = {f"all {detail.get('organization')}"}
    match detail["act"]:
        case "pause" | "cancel":
            return paused | group
        case "resume":
            return paused - group
        case "pause_all":
            return paused | organization
        case "resume_all":
            return paused - organization
        case "say_no":
            return paused | {f"no {detail['organization']} {detail['number']}"}
    return paused


def check_claims() -> None:
    """Each attempt of a task was claimed once, and has its one call."""
    claims = Counter(TaskEvent.objects.filter(kind="claim").values_list("task", "detail__attempt"))
    assert max(claims.values(), default=0) <= 1
    calls = Counter(Call.objects.filter(origin__startswith="campaigns.task:").values_list("origin", "attempt"))
    assert max(calls.values(), default=0) <= 1
    assert len(claims) == len(calls)
    under_way = set(Task.objects.filter(status="in_progress").values_list("current_call_id", flat=True))
    assert under_way <= set(Call.objects.values_list("pk", flat=True))


def check_dials(history: list[Moment], at_the_pbx: Counter[str]) -> None:
    """By the PBX's own journal: nothing that was not committed, and nothing twice."""
    committed = Counter(str(moment.call.pk) for moment in history if moment.kind == "dial")
    assert max(committed.values(), default=0) <= 1
    assert max(at_the_pbx.values(), default=0) <= 1
    assert set(at_the_pbx) <= set(committed)
