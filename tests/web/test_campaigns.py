from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls.models import Call
from calls.states import State
from calls.trunks.models import Trunk
from campaigns.keys import task_origin
from campaigns.models import Campaign, Report, Task
from campaigns.reporting.figures import figures_for, table_for
from opendeep.accounts.models import Organization, User
from opendeep.core import words
from opendeep.core.clock import now
from tests.factories import make_call, make_campaign
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.django_db

HOSTILE = "<img src=x onerror=alert(1)>"


def url(campaign: Campaign, part: str = "") -> str:
    return f"/campaigns/{campaign.pk}/{part}"


def change(task: Task, **fields: object) -> None:
    Task.objects.filter(pk=task.pk).update(**fields)


def call_for(task: Task, state: State = State.ENDED, **fields: object) -> Call:
    return make_call(
        state, organization=task.organization, origin=task_origin(task.pk), number=task.contact.number, **fields
    )


def numbers(count: int) -> list[str]:
    return [f"+1202555{number:04d}" for number in range(100, 100 + count)]


def many_queries(page: Browser, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        page.get(path)
    return len(queries)


# --- One campaign -----------------------------------------------------------------------------------


def test_the_page_says_what_keeps_all_calls_from_going_out(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice)
    assert "No calls go out:" not in words_of(page.get(url(campaign)))
    Organization.objects.update(max_concurrent_calls=0)
    assert "limit of calls at a time is zero" in words_of(page.get(url(campaign)))


def test_a_running_campaign_says_when_a_part_is_away_and_a_paused_one_does_not(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice)
    assert "No calls go out right now. The message broker (Redis)" in words_of(page.get(url(campaign)))
    Campaign.objects.update(status="paused")
    assert "right now" not in words_of(page.get(url(campaign)))


def test_the_page_says_how_many_are_settled_and_what_became_of_each(page: Browser, alice: User) -> None:
    campaign = make_campaign(*numbers(3), user=alice)
    done, again, no = campaign.tasks.all()
    later = (now().astimezone(ZoneInfo(alice.time_zone)) + timedelta(days=1)).replace(hour=16, minute=0)
    answers = {"fields": [{"field": "keeps", "label": "Keeps it", "value": "yes", "verified": True}]}
    change(done, status="completed", attempts=1, conclusion_code="achieved", conclusion="She comes.", result=answers)
    change(again, attempts=1, next_action_at=later, next_action_reason="asked to be called again")
    change(no, status="failed_conclusive", attempts=1, conclusion_code="do_not_call", conclusion="Said so.")
    seen = words_of(page.get(url(campaign)))
    assert "2 of 3 settled" in seen
    assert "Done She comes. Keeps it: yes" in seen
    assert "Tomorrow 16:00 Asked to be called again · 10:00 (New York)" in seen
    assert "Do not call Said so." in seen
    assert "1 done 1 do not call 1 scheduled again" in seen


def test_a_task_on_the_phone_says_so_and_links_to_its_call(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice)
    task = campaign.tasks.get()
    call = call_for(task, State.TALKING, answered_at=now() - timedelta(seconds=42))
    change(task, status="in_progress", attempts=1, current_call_id=call.pk)
    html = page.get(url(campaign))
    assert "Talking" in words_of(html)
    assert 'data-elapsed="42' in html
    assert f"/calls/{call.pk}/" in html


def test_the_latest_of_several_calls_is_linked(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice)
    task = campaign.tasks.get()
    first, second = call_for(task, attempt=1), call_for(task, attempt=2)
    change(task, attempts=2)
    html = page.get(url(campaign))
    assert "2 calls" in html
    assert (f"/calls/{first.pk}/" in html, f"/calls/{second.pk}/" in html) == (False, True)


def test_a_page_of_tasks_costs_the_same_however_many_there_are(page: Browser, alice: User) -> None:
    small, large = make_campaign(*numbers(1), user=alice), make_campaign(*numbers(60), user=alice)
    for campaign in (small, large):
        for task in campaign.tasks.select_related("contact"):
            call_for(task)
    assert many_queries(page, url(small)) == many_queries(page, url(large))
    assert many_queries(page, "/campaigns/") <= 8


def test_long_lists_have_pages(page: Browser, alice: User) -> None:
    campaign = make_campaign(*numbers(101), user=alice)
    first, second = page.get(url(campaign)), page.get(url(campaign, "?page=2"))
    assert "0 of 101 settled" in words_of(first)
    assert 'href="?page=2"' in first
    assert "+1 202-555-0200" not in first
    assert "+1 202-555-0200" in second
    assert "?page=3" not in second
    assert "There is no such page" in page.get(url(campaign, "?page=nonsense"), status=400)


def test_hostile_names_stay_text(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice, title=HOSTILE, goal=HOSTILE)
    task = campaign.tasks.get()
    task.contact.name = HOSTILE
    task.contact.save()
    change(task, conclusion=HOSTILE, status="completed")
    for path in (url(campaign), "/campaigns/", url(campaign, "report/")):
        assert HOSTILE not in page.get(path)


def test_pausing_resuming_and_cancelling_change_the_page(page: Browser, alice: User) -> None:
    campaign = make_campaign(*numbers(2), user=alice)
    assert "Paused" in words_of(page.post(url(campaign, "pause/")))
    assert "Running" in words_of(page.post(url(campaign, "resume/")))
    seen = words_of(page.post(url(campaign, "cancel/")))
    assert "2 of 2 settled" in seen
    assert "Pause" not in seen


def test_a_campaign_that_has_ended_says_that_it_cannot_be_paused(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice, status="finished")
    assert "finished already" in page.post(url(campaign, "pause/"))


@pytest.mark.parametrize("part", ["pause/", "resume/", "cancel/"])
def test_looking_at_an_action_does_nothing(page: Browser, alice: User, part: str) -> None:
    campaign = make_campaign(user=alice)
    page.get(url(campaign, part), status=405)


# --- The list ---------------------------------------------------------------------------------------


def test_the_list_shows_own_campaigns_only(page: Browser, strange_page: Browser, alice: User) -> None:
    make_campaign(user=alice, title="Ours")
    assert "Ours" in page.get("/campaigns/")
    assert "No campaigns yet." in strange_page.get("/campaigns/")


# --- Reports ----------------------------------------------------------------------------------------


def report_on(campaign: Campaign, **fields: object) -> Report:
    values = {"kind": "so_far", "status": "written", "created_at": now(), "next_try_at": now(), "written_at": now()}
    values |= {"headline": "One of two comes.", "figures": figures_for(campaign), "table": table_for(campaign)}
    return Report.objects.create(campaign=campaign, **(values | fields))


def test_a_report_is_asked_for_once_and_announced(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice)
    assert "No report yet." in page.get(url(campaign, "report/"))
    for _ in range(2):
        html = page.post(url(campaign, "report/"))
        assert "being written" in html
        assert "data-live-busy" in html
    assert Report.objects.filter(campaign=campaign).count() == 1


def test_a_report_shows_words_figures_and_everybody(page: Browser, alice: User) -> None:
    campaign = make_campaign(*numbers(2), user=alice)
    change(campaign.tasks.all()[0], status="completed", attempts=1, conclusion="She comes.")
    report_on(campaign, markdown="**Anna** comes.", next_steps=["Ask Ben again."])
    html = page.get(url(campaign, "report/"))
    seen = words_of(html)
    assert "<strong>Anna</strong> comes." in html
    for part in (
        "One of two comes.",
        "Ask Ben again.",
        "People 2",
        "Done 1",
        "Still open 1",
        "Cost $0.00",
        "She comes.",
    ):
        assert part in seen


def test_a_report_says_by_its_date_when_somebody_is_called_again(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice)
    again = now() + timedelta(days=1)
    change(campaign.tasks.get(), next_action_at=again)
    report_on(campaign)
    seen = words_of(page.get(url(campaign, "report/")))
    assert words.dated(again, now=now(), zone=ZoneInfo("Europe/Berlin")) in seen
    assert "Tomorrow" not in seen


@pytest.mark.parametrize(
    ("minutes", "said"), [(0.0, "0 minutes"), (0.3, "under a minute"), (1.4, "1 minute"), (12.6, "13 minutes")]
)
def test_a_report_says_for_how_long_was_talked(page: Browser, alice: User, minutes: float, said: str) -> None:
    campaign = make_campaign(user=alice)
    report_on(campaign, figures=figures_for(campaign) | {"talk_minutes": minutes})
    assert f"Talked for {said} " in words_of(page.get(url(campaign, "report/")))


def test_a_report_holds_no_markup_of_the_model(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice)
    report_on(campaign, headline=HOSTILE, markdown=f"{HOSTILE} [x](javascript:alert(1))", next_steps=[HOSTILE])
    html = page.get(url(campaign, "report/"))
    assert "<img src=x" not in html
    assert 'href="javascript' not in html


def test_the_final_report_is_shown_rather_than_a_younger_one(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice, status="finished")
    report_on(campaign, kind="final", headline="All is done.")
    report_on(campaign, headline="An afterthought.", created_at=now() + timedelta(minutes=1))
    html = page.get(url(campaign, "report/"))
    assert "All is done." in html
    assert "<h1>Report</h1>" in html
    assert "Write it anew" not in html


def test_a_failing_report_says_why_it_is_late(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice)
    report_on(campaign, status="pending", written_at=None, last_error="The model is busy.")
    assert "The model is busy. It is tried again." in words_of(page.get(url(campaign, "report/")))


# --- Strangers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["", "report/"])
def test_strangers_see_nothing(strange_page: Browser, alice: User, part: str) -> None:
    strange_page.get(url(make_campaign(user=alice), part), status=404)


@pytest.mark.parametrize("part", ["pause/", "resume/", "cancel/", "report/"])
def test_strangers_change_nothing(strange_page: Browser, alice: User, part: str) -> None:
    campaign = make_campaign(user=alice)
    strange_page.post(url(campaign, part), status=404)
    campaign.refresh_from_db()
    assert (campaign.status, Report.objects.count()) == ("running", 0)


def test_an_unknown_campaign_is_not_found(page: Browser) -> None:
    page.get(f"/campaigns/{uuid4()}/", status=404)


def test_while_the_line_is_out_of_order_the_page_says_since_when_why_and_until_when(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice)
    assert "out of order" not in words_of(page.get(url(campaign)))
    Trunk.objects.create(
        name="default",
        out_of_order_since=now(),
        retry_at=now() + timedelta(minutes=5),
        out_of_order_reason="No line was free.",
    )
    seen = words_of(page.get(url(campaign)))
    assert "The line is out of order since" in seen
    assert "No line was free. Tried again" in seen
