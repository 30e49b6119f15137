"""Many processes at once on one database: nobody is dialled twice, no cap is exceeded, no pause is overrun.

What is counted comes from the PBX's own journal and from the event rows in the order of their commits.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from calls.contracts import GATEWAY_KEY_PREFIX
from calls.models import Call, CallGroup
from calls.services.overdue import end_overdue
from calls.states import LIVE, State
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign, Task, TaskEvent
from opendeep.accounts.models import Organization
from opendeep.core.clock import now
from opendeep.core.redis import connection
from tests.calls.conftest import make_gateway
from tests.calls.pbx import SECRET, USERNAME, SandboxPbx, sandbox_pbx
from tests.calls.test_dialing_crashes import LATER
from tests.calls.workers import ready_call
from tests.campaigns.races import history
from tests.campaigns.races.crew import Crew, Order, crew
from tests.factories import make_call, make_campaign, make_organization, make_user, open_at_any_hour
from tests.redis_server import RunningRedis

pytestmark = [pytest.mark.processes, pytest.mark.races, pytest.mark.django_db(transaction=True)]

WORKERS = 4
SYSTEM_LINES, LINES, CAMPAIGN_LINES = 6, 4, 3
STORM_S = 2.0
READY_AT_ONCE = 12


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPbx]:
    with sandbox_pbx(tmp_path_factory.mktemp("pbx") / "pbx.jsonl") as running:
        yield running


@pytest.fixture(scope="module")
def processes(pbx: SandboxPbx, redis_server: RunningRedis, django_db_setup: None) -> Iterator[Crew]:
    settings = {
        "REDIS_URL": redis_server.url,
        "ASTERISK_AMI_PORT": str(pbx.port),
        "ASTERISK_AMI_USERNAME": USERNAME,
        "ASTERISK_AMI_SECRET": SECRET,
        "CALLS_PER_SECOND": "1000",
        "MAX_CONCURRENT_CALLS": str(SYSTEM_LINES),
    }
    with crew(WORKERS + 1, settings) as running:
        running.at_once(*[("work", {"seconds": 0.0, "seed": 0}, 0.0)] * running.size)  # all are there
        yield running


@pytest.fixture(autouse=True)
def from_the_beginning(redis_url: str, pbx: SandboxPbx) -> None:
    """An empty Redis, which the processes share with the test, and an empty journal."""
    pbx.forget()


def numbers(count: int, first: int = 0) -> list[str]:
    return [f"+1202555{2000 + first + n:04d}" for n in range(count)]


def campaign_of(organization: Organization, count: int, first: int = 0) -> Campaign:
    campaign = make_campaign(*numbers(count, first), user=make_user(organization))
    Task.objects.filter(campaign=campaign).update(next_action_at=now())
    return campaign


def busy_organization() -> Organization:
    often = {f"calls_per_number_per_{period}": 1000 for period in ("day", "7_days", "30_days")}
    organization = make_organization(max_concurrent_calls=LINES, calls_per_second=1000, **often)
    open_at_any_hour(organization)
    return organization


def queue_calls(organization: Organization, count: int, **fields: str) -> list[Call]:
    times: dict[str, Any] = {"created_at": now(), "not_before": now()}
    return [make_call(organization=organization, number=number, **(times | fields)) for number in numbers(count)]


def voices_for_all() -> None:
    make_gateway("gateway-1", capacity=100)
    connection().persist(f"{GATEWAY_KEY_PREFIX}gateway-1")  # nobody says again that it lives


def check_everything(pbx: SandboxPbx) -> None:
    moments = history.moments()
    history.check_caps(moments, system=SYSTEM_LINES, organization=LINES, group=CAMPAIGN_LINES)
    history.check_one_live_call_for_each_number(moments)
    history.check_pauses(moments)
    history.check_dials(moments, pbx.dials())


def no_line_leaks() -> bool:
    """Whatever the storm left behind is over after its deadlines."""
    for sweep in range(1, 4):
        end_overdue(now() + sweep * LATER)
    return not Call.objects.filter(state__in=LIVE).exists()


# --- One thing at a time --------------------------------------------------------------------------


def test_dispatchers_at_once_claim_each_task_once_and_starve_nobody(processes: Crew) -> None:
    large, small = busy_organization(), busy_organization()
    Organization.objects.update(max_concurrent_calls=1000)
    campaign_of(large, 60)
    few = campaign_of(small, 2, first=60)
    counts = processes.at_once(*[("dispatch", {}, 0.0)] * WORKERS)
    assert SYSTEM_LINES <= sum(counts) <= WORKERS * SYSTEM_LINES
    history.check_claims()
    claims = TaskEvent.objects.filter(kind="claim").order_by("id").values_list("task__campaign", flat=True)
    assert list(claims)[: 2 * few.tasks.count() + 2 * WORKERS].count(few.pk) == few.tasks.count()


def test_duplicate_jobs_for_one_call_dial_once(processes: Crew, pbx: SandboxPbx) -> None:
    for number in numbers(5):
        call = ready_call(number)
        processes.at_once(*[("dial", {"call": str(call.pk)}, 0.0)] * WORKERS)
        assert pbx.originates(call.pk) == 1


def test_a_rush_for_few_lines_exceeds_no_cap(processes: Crew, pbx: SandboxPbx) -> None:
    voices_for_all()
    calls = [call for _ in range(2) for call in queue_calls(busy_organization(), READY_AT_ONCE)]
    ids = [str(call.pk) for call in calls]
    processes.at_once(*[("dial_all", {"calls": ids, "seed": seed}, 0.0) for seed in range(WORKERS)])
    check_everything(pbx)
    assert Call.objects.filter(state__in=LIVE).count() == SYSTEM_LINES


@pytest.mark.parametrize("wish", ["say_no", "pause", "cancel", "pause_all"])
def test_a_wish_in_the_middle_of_dialing_counts_from_its_commit_on(processes: Crew, pbx: SandboxPbx, wish: str) -> None:
    random_ = random.Random(wish)
    dialled = 0
    for n in range(8):
        organization = busy_organization()
        campaign = campaign_of(organization, 1, first=n)
        group = CallGroup.objects.get(key=campaign_group_key(campaign.pk))
        at = now()
        ready = {"created_at": at, "not_before": at, "preparing_at": at, "voice_ready_at": at}
        number = numbers(1, n)[0]
        call = make_call(State.PREPARING, organization=organization, group=group, number=number, **ready)
        args = {
            "say_no": {"organization": str(organization.pk), "number": number},
            "pause_all": {"organization": str(organization.pk)},
        }.get(wish, {"campaign": str(campaign.pk)})
        order = (wish, {"mark": str(make_call(State.ENDED).pk), **args}, random_.uniform(0, 0.04))
        processes.at_once(order, *[("dial", {"call": str(call.pk)}, 0.0)] * 3)
        dialled += pbx.originates(call.pk)
    check_everything(pbx)
    assert dialled < 8 or wish != "say_no"


# --- Everything at a time -------------------------------------------------------------------------


def wishes(random_: random.Random, campaigns: list[Campaign]) -> list[tuple[str, dict[str, str]]]:
    """What the owners do during a storm, one after the other."""
    orders: list[tuple[str, dict[str, str]]] = []
    for pair in random_.sample(range(5), 5):
        campaign = {"campaign": str(random_.choice(campaigns).pk)}
        organization = {"organization": str(random_.choice(campaigns).organization_id)}
        lines = [organization | {"lines": str(number)} for number in (random_.randint(0, 2), LINES)]
        number = organization | {"number": random_.choice(numbers(20))}
        orders += (
            [("pause", campaign), ("resume", campaign)],
            [("pause_all", organization), ("resume_all", organization)],
            [("set_cap", lines[0]), ("set_cap", lines[1])],
            [("say_no", number), ("say_no", number)],
            [("cancel", campaign)],
        )[pair]
    return orders


def storm(processes: Crew, pbx: SandboxPbx, seed: int) -> None:
    random_ = random.Random(seed)
    voices_for_all()
    organizations = [busy_organization(), busy_organization()]
    campaigns = [campaign_of(organization, 40) for organization in organizations for _ in range(2)]
    CallGroup.objects.update(max_concurrent_calls=CAMPAIGN_LINES)
    for campaign in campaigns:
        queue_calls(campaign.organization, READY_AT_ONCE, group_id=campaign_group_key(campaign.pk))
    mark = str(make_call(State.ENDED).pk)
    work: list[Order] = [("work", {"seconds": STORM_S, "seed": random_.random()}, 0.0) for _ in range(WORKERS)]
    owner: Order = ("wish", {"mark": mark, "orders": wishes(random_, campaigns), "seconds": STORM_S}, 0.0)
    steps = processes.at_once(owner, *work)
    assert sum(steps[1:]) > WORKERS
    check_everything(pbx)
    history.check_claims()
    assert no_line_leaks()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_of_everything_breaks_no_promise(processes: Crew, pbx: SandboxPbx, seed: int) -> None:
    storm(processes, pbx, seed)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(3, 33))
def test_thirty_more_storms(processes: Crew, pbx: SandboxPbx, seed: int) -> None:
    storm(processes, pbx, seed)
