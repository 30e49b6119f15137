"""Stops a campaign for its owner to look: its circuit breaker, and the hold after the first calls of a large one."""

from datetime import datetime

from analysis.contracts import VerdictView
from calls.contracts import CallView
from calls.facade import transcript_of
from campaigns.models import Campaign, Task, TaskEvent
from campaigns.planning.brakes import Brakes, mark_of, why_hold, why_stop
from campaigns.services.control import hold
from campaigns.states import CampaignStatus, TaskStatus

UNDER_WAY = (TaskStatus.IN_PROGRESS, TaskStatus.PENDING_ANALYSIS)


def note_judged(campaign: Campaign, task: Task, call: CallView, verdict: VerdictView, at: datetime) -> None:
    """Counts a call of the locked `campaign` that was judged, and stops the campaign when there is a reason to."""
    limits = Brakes.model_validate(campaign.plan.get("brakes", {}))
    _remember(campaign, call, verdict, limits)
    if campaign.status != CampaignStatus.RUNNING:
        return
    reason = why_stop(campaign.recent_calls, limits) or _canary_reason(campaign)
    if reason:
        hold(campaign, reason, at=at)
        TaskEvent.objects.create(task=task, at=at, kind="campaign_held", detail={"reason": reason})


def _remember(campaign: Campaign, call: CallView, verdict: VerdictView, limits: Brakes) -> None:
    mark = mark_of(
        verdict.outcome,
        opted_out=verdict.do_not_call_requested,
        trunk_fault=call.trunk_fault,
        callee_spoke=any(turn.speaker == "callee" and turn.text.strip() for turn in transcript_of(call.id)),
    )
    if mark is not None:
        campaign.recent_calls = [*campaign.recent_calls, mark.value][-limits.of_last :]
        campaign.save(update_fields=["recent_calls"])


def _canary_reason(campaign: Campaign) -> str:
    if campaign.canary_left != 0 or Task.objects.filter(campaign=campaign, status__in=UNDER_WAY).exists():
        return ""
    return why_hold(campaign.plan["canary"]["calls"])
