"""What an owner does to a running campaign: pause, resume, cancel."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from calls.contracts import CallGroupSpec
from calls.facade import cancel_call, drop_questions, put_group
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign, Task
from campaigns.planning.turns import Priority
from campaigns.services.finishing import finish_if_done
from campaigns.services.transitions import cancel_waiting_tasks, lock_campaign, move_campaign
from campaigns.states import CampaignSignal, CampaignStatus, TaskStatus
from opendeep.core.errors import Conflict
from opendeep.core.jobs import enqueue_on_commit


def pause(campaign_id: UUID, *, at: datetime) -> Campaign:
    """No new calls from now on; running calls go on. Raises Conflict when the campaign has ended."""
    with transaction.atomic():
        campaign = _moved(campaign_id, CampaignSignal.PAUSE, CampaignStatus.PAUSED, at)
        _put_group(campaign)
    return campaign


def hold(campaign: Campaign, reason: str, *, at: datetime) -> None:
    """Pauses the locked `campaign` for a reason that its owner is told."""
    if move_campaign(campaign, CampaignSignal.PAUSE, at=at, reason=reason):
        _put_group(campaign)


def resume(campaign_id: UUID, *, at: datetime) -> Campaign:
    """The owner has looked: what went wrong before counts no more, and the first calls have served their purpose."""
    with transaction.atomic():
        campaign = _moved(campaign_id, CampaignSignal.RESUME, CampaignStatus.RUNNING, at)
        campaign.recent_calls = []
        campaign.canary_left = campaign.canary_left or None
        campaign.save(update_fields=["recent_calls", "canary_left"])
        _put_group(campaign)
        enqueue_on_commit("campaigns.dispatch_due")
    return campaign


def cancel(campaign_id: UUID, *, at: datetime) -> Campaign:
    """Ends the campaign: waiting tasks are cancelled, running calls hung up. What those calls still bring is judged."""
    with transaction.atomic():
        campaign = _moved(campaign_id, CampaignSignal.CANCEL, CampaignStatus.CANCELLED, at)
        cancel_waiting_tasks(campaign, at=at, conclusion="The campaign was cancelled.")
        drop_questions(group=campaign_group_key(campaign.pk), at=at)
        _put_group(campaign)  # not before the many tasks: dialing waits for whoever holds the group
        running = Task.objects.filter(campaign=campaign, status=TaskStatus.IN_PROGRESS).order_by("current_call_id")
        for call_id in running.values_list("current_call_id", flat=True):
            if call_id is not None:
                cancel_call(call_id, reason="The campaign was cancelled.", at=at)
        finish_if_done(campaign, at)
    return campaign


def set_priority(campaign_id: UUID, priority: Priority) -> Campaign:
    """Counts from the next claim on. Raises Conflict when the campaign has ended."""
    with transaction.atomic():
        campaign = lock_campaign(campaign_id)
        if campaign.status not in (CampaignStatus.RUNNING, CampaignStatus.PAUSED):
            raise Conflict("campaign_ended", f"This campaign is {campaign.status} already.")
        campaign.priority = priority
        campaign.save(update_fields=["priority"])
    return campaign


def _moved(campaign_id: UUID, signal: CampaignSignal, wanted: CampaignStatus, at: datetime) -> Campaign:
    campaign = lock_campaign(campaign_id)
    if campaign.status != wanted and not move_campaign(campaign, signal, at=at):
        raise Conflict("campaign_ended", f"This campaign is {campaign.status} already.")
    return campaign


def _put_group(campaign: Campaign) -> None:
    """The gate reads the group in the dialing transaction, so this also holds calls that are already queued."""
    put_group(
        CallGroupSpec(
            key=campaign_group_key(campaign.pk),
            organization_id=campaign.organization_id,
            paused=campaign.status != CampaignStatus.RUNNING,
            not_before=campaign.starts_at,
            not_after=campaign.ends_at,
            requires_consent=bool(campaign.plan.get("requires_consent")),
        )
    )
