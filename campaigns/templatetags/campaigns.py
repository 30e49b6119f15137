"""What pages of other apps may show of a campaign."""

from django import template

from campaigns.keys import task_of_origin
from campaigns.models import Campaign
from opendeep.accounts.models import Organization

register = template.Library()

RESULT_TYPES = {"yes_no": "yes / no", "datetime": "date and time"}


@register.filter
def result_type(kind: str) -> str:
    """What kind of answer a result field takes, in words."""
    return RESULT_TYPES.get(kind, kind)


@register.simple_tag
def campaign_of(origin: str, organization: Organization) -> Campaign | None:
    """The campaign whose task asked for a call, if `organization` owns it."""
    task_id = task_of_origin(origin)
    if task_id is None:
        return None
    return Campaign.objects.filter(tasks=task_id, organization=organization).only("id", "title").first()
