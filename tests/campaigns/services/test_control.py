from collections.abc import Callable

import pytest

from calls.models import Call, CallGroup
from calls.states import Outcome, State
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign, Report, Task
from campaigns.services import control
from campaigns.services.dispatch import dispatch_due
from opendeep.core.errors import Conflict
from tests.factories import NOW, make_campaign

pytestmark = pytest.mark.django_db


def group_of(campaign: Campaign) -> CallGroup:
    return CallGroup.objects.get(key=campaign_group_key(campaign.pk))


def test_a_pause_holds_new_calls_and_those_in_the_queue() -> None:
    campaign = make_campaign()
    assert control.pause(campaign.pk, at=NOW).status == "paused"
    assert group_of(campaign).paused
    assert dispatch_due(NOW) == 0


def test_the_operators_cap_of_a_campaign_survives_a_pause() -> None:
    campaign = make_campaign()
    CallGroup.objects.update(max_concurrent_calls=2)
    control.pause(campaign.pk, at=NOW)
    assert CallGroup.objects.get().max_concurrent_calls == 2


def test_a_resumed_campaign_goes_on() -> None:
    campaign = make_campaign()
    control.pause(campaign.pk, at=NOW)
    assert control.resume(campaign.pk, at=NOW).status == "running"
    assert not group_of(campaign).paused
    assert dispatch_due(NOW) == 1


def test_pausing_twice_is_no_error() -> None:
    campaign = make_campaign()
    control.pause(campaign.pk, at=NOW)
    assert control.pause(campaign.pk, at=NOW).status == "paused"


def test_the_start_of_the_campaign_survives_a_pause() -> None:
    campaign = make_campaign(starts_at=NOW)
    control.pause(campaign.pk, at=NOW)
    assert group_of(campaign).not_before == NOW


def test_cancelling_ends_what_waits_and_what_is_queued_and_reports_at_the_end() -> None:
    campaign = make_campaign("+12025550100", "+12025550101")
    Task.objects.filter(campaign=campaign, position=1).update(status="on_hold")
    dispatch_due(NOW)
    assert control.cancel(campaign.pk, at=NOW).status == "cancelled"
    call = Call.objects.get()
    assert (call.state, call.outcome, call.end_reason) == (
        State.ENDED,
        Outcome.CANCELLED,
        "The campaign was cancelled.",
    )
    statuses = list(Task.objects.filter(campaign=campaign).order_by("position").values_list("status", flat=True))
    assert statuses == ["in_progress", "cancelled"]  # the first follows its judged call
    assert not Report.objects.exists()


def test_a_campaign_without_running_calls_ends_at_once() -> None:
    campaign = make_campaign()
    control.cancel(campaign.pk, at=NOW)
    assert Task.objects.get(campaign=campaign).conclusion == "The campaign was cancelled."
    assert Report.objects.get(campaign=campaign).kind == "final"


@pytest.mark.parametrize("act", [control.pause, control.resume])
def test_a_campaign_that_has_ended_cannot_be_paused_or_resumed(act: Callable[..., Campaign]) -> None:
    campaign = make_campaign()
    control.cancel(campaign.pk, at=NOW)
    with pytest.raises(Conflict, match="is cancelled already"):
        act(campaign.pk, at=NOW)
