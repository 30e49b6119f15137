"""Without a worker for verdicts and reports, the pages of whoever waits for one say so."""

import pytest

from calls.states import State
from campaigns.models import Report
from opendeep.accounts.models import Organization, User
from opendeep.core import alive
from opendeep.core.clock import now
from tests.factories import make_call, make_campaign
from tests.web.conftest import Browser, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]

AWAY = "The worker for verdicts and reports (worker-llm) is not running."


def test_a_campaign_whose_calls_wait_for_a_verdict(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice)
    path = f"/campaigns/{campaign.pk}/"
    assert AWAY not in page.get(path)
    campaign.tasks.update(status="pending_analysis")
    assert f"No call is judged right now. {AWAY} Nothing is lost" in words_of(page.get(path))
    alive.note("worker-llm")
    assert AWAY not in page.get(path)


def test_a_call_that_waits_for_its_verdict(page: Browser, acme: Organization) -> None:
    path = f"/calls/{make_call(State.ENDED, organization=acme).pk}/"
    assert f"The call waits to be judged. The verdict appears here. {AWAY}" in words_of(page.get(path))
    alive.note("worker-llm")
    assert "The call is being judged. The verdict appears here. " in words_of(page.get(path))


def test_a_report_that_waits_to_be_written(page: Browser, alice: User) -> None:
    campaign = make_campaign(user=alice)
    path = f"/campaigns/{campaign.pk}/report/"
    assert AWAY not in page.get(path)
    Report.objects.create(campaign=campaign, kind="so_far", created_at=now(), next_try_at=now(), last_error="Busy.")
    seen = words_of(page.get(path))
    assert f"The report waits to be written. It appears here by itself. {AWAY}" in seen
    assert "Busy." not in seen
    alive.note("worker-llm")
    seen = words_of(page.get(path))
    assert "The report is being written. It appears here by itself. The last try failed: Busy." in seen
