"""What is measured: one function for each row of the table, with the conditions under which it holds."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from statistics import median
from types import MappingProxyType

from django.conf import settings
from django.db import connection, transaction

from bench import engine, gateway_rows, rows
from bench.model import refusing_model
from bench.row import Row
from campaigns.models import Conversation, Message
from campaigns.planning.plan import Plan
from campaigns.services import launch
from campaigns.services.dispatch import dispatch_due

AT = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
"""A Tuesday, ten in the morning in New York, where everybody who is called lives: the hours are open."""

SIZES = (1_000, 100_000, 1_000_000)
CAMPAIGNS = 10
CLAIMS = 20
TICKS = 15
PEOPLE = 100_000
FEW_LINES = 10
MANY_LINES = 100
WATCH_SECONDS = 20.0


def tick_cost_ratio() -> Row:
    """The cost of a tick of dispatch that claims, by how many due tasks wait."""
    settings.MAX_CONCURRENT_CALLS = settings.TRUNK_LINES = CLAIMS
    campaigns = []
    for n in range(CAMPAIGNS):
        user, organization = rows.make_owner(f"tick{n}@example.com")
        campaigns.append(rows.make_campaign(user, organization, AT))
    costs: dict[int, float] = {}
    written = 0
    for size in SIZES:
        share = (size - written) // CAMPAIGNS
        for campaign in campaigns:
            rows.add_due_tasks(campaign, first=written + 1, count=share, at=AT)
            written += share
        _analyze()
        costs[size] = _tick_ms()
    return Row(
        "engine.tick_cost_ratio",
        round(costs[SIZES[-1]] / costs[SIZES[0]], 2),
        "",
        1.5,
        f"dispatch_due claims {CLAIMS} of {SIZES[-1]:,} due tasks of {CAMPAIGNS} organizations, over the same "
        f"with {SIZES[0]:,}; median of {TICKS} ticks, each rolled back; nothing is queued at a broker",
        MappingProxyType({f"tick_ms_{size}": round(cost, 2) for size, cost in costs.items()}),
    )


def _tick_ms() -> float:
    taken = []
    for _ in range(TICKS + 2):
        with transaction.atomic():
            started = time.perf_counter()
            claimed = dispatch_due(AT)
            taken.append(1000 * (time.perf_counter() - started))
            if claimed != CLAIMS:
                raise RuntimeError(f"A tick claimed {claimed} tasks and not {CLAIMS}.")
            transaction.set_rollback(True)
    return median(taken[2:])  # the first ones fill caches


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def confirm_100k() -> Row:
    """From the confirmed plan of 100,000 people to their tasks."""
    user, organization = rows.make_owner("confirm@example.com")
    conversation = Conversation.objects.create(
        created_by=user, organization=organization, title="Confirm", created_at=AT, updated_at=AT,
        status=Conversation.Status.PLAN_COMPLETE,
    )  # fmt: skip
    plan = Plan.from_user(rows.plan_of(PEOPLE)).to_json()
    Message.objects.create(
        conversation=conversation, position=0, role=Message.Role.ASSISTANT, plan=plan, plan_revision=1, created_at=AT
    )
    started = time.perf_counter()
    with refusing_model():
        launched = launch.execute(conversation, None, user, at=AT)
    taken = time.perf_counter() - started
    if launched.task_count != PEOPLE:
        raise RuntimeError(f"{launched.task_count} tasks were made, and not {PEOPLE}.")
    return Row(
        "plan.confirm_100k_s",
        round(taken, 2),
        "s",
        10.0,
        f"launch.execute with {PEOPLE:,} people in one transaction; without the time of a model: a local one "
        "refuses the key at once, so the plan is carried out by rule",
        MappingProxyType({}),
    )


def originations_per_s() -> Row:
    """How many calls two workers can place."""
    observed = engine.watch(lines=MANY_LINES, seconds=WATCH_SECONDS)
    return Row(
        "engine.originations_per_s",
        round(len(observed.originated) / WATCH_SECONDS, 1),
        "/s",
        50.0,
        f"Originate actions that reached the sandbox's PBX in {WATCH_SECONDS:.0f} s, {MANY_LINES} lines, "
        f"{engine.CONDITIONS}",
        MappingProxyType({}),
        at_least=True,
    )


def due_to_originate() -> Row:
    """How long a free line waits for the next call."""
    observed = engine.watch(lines=FEW_LINES, seconds=WATCH_SECONDS)
    taken = sorted(engine.delays(observed, FEW_LINES))
    return Row(
        "engine.due_to_originate_p99_s",
        round(taken[int(len(taken) * 0.99)], 3),
        "s",
        1.0,
        f"from the moment a line is free to the Originate that takes it, at the sandbox's PBX, {FEW_LINES} lines, "
        f"{engine.CONDITIONS}",
        MappingProxyType(
            {"p50_s": round(median(taken), 3), "originations_per_s": round(len(observed.originated) / WATCH_SECONDS, 1)}
        ),
    )


MEASURES: Mapping[str, Callable[[], Row]] = {
    **gateway_rows.MEASURES,
    "engine.tick_cost_ratio": tick_cost_ratio,
    "engine.due_to_originate_p99_s": due_to_originate,
    "engine.originations_per_s": originations_per_s,
    "plan.confirm_100k_s": confirm_100k,
}
