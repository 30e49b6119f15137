"""The end of a campaign: when its last task is final, it is finished and its final report is asked for, once."""

from datetime import datetime

from campaigns.models import Campaign, Report, Task
from campaigns.services.reports import request_report
from campaigns.services.transitions import move_campaign
from campaigns.states import FINAL, CampaignSignal


def finish_if_done(campaign: Campaign, at: datetime) -> bool:
    """`campaign` must be locked: of two last tasks that end at once, the second must see the first."""
    if Task.objects.filter(campaign=campaign).exclude(status__in=FINAL).exists():
        return False
    move_campaign(campaign, CampaignSignal.FINISH, at=at)  # a cancelled campaign stays cancelled
    request_report(campaign, Report.Kind.FINAL, at)
    return True
