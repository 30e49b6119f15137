"""Whether a plan can be carried out at all, and what stands in its way, before anybody is called."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from calls.contracts import Callee, Refusal
from calls.facade import hindrances, refusals
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign
from campaigns.planning.plan import Plan
from campaigns.states import CampaignStatus
from opendeep.accounts.models import Organization
from opendeep.core.errors import DomainError

LOOKED_AT = 1_000
"""Of more people than this the first ones tell whether somebody can be called."""


def refusals_of(plan: Plan, organization: Organization, zone: ZoneInfo, at: datetime) -> Iterator[Refusal | None]:
    """For each person of the plan, in order: why the plan can never reach them, or None. `zone` is the user's."""
    callees = [Callee(person.phone, person.time_zone, person.consent) for person in plan.contacts[:LOOKED_AT]]
    start = plan.starts_at(zone)
    begins, ends = max(start, at) if start else at, plan.ends_at(zone)
    return refusals(organization.pk, callees, requires_consent=plan.requires_consent, begins=begins, ends=ends)


def check_somebody_can_be_called(plan: Plan, organization: Organization, zone: ZoneInfo, at: datetime) -> None:
    """Raises DomainError "never_open" when the calling hours open for nobody between start and end.

    People who may not be called at any time are no error of the plan: each one's task says so.
    """
    reasons: dict[str, list[str]] = {}
    for number, refusal in enumerate(refusals_of(plan, organization, zone, at)):
        if refusal is None or refusal.rule != "calling_hours":
            return
        reasons[f"contacts.{number}.phone"] = [refusal.why]
    words = " ".join(dict.fromkeys(why for whys in reasons.values() for why in whys))
    raise DomainError("never_open", f"Nobody in this plan can be called. {words}", reasons)


def hindrances_of(campaign: Campaign, at: datetime) -> tuple[str, ...]:
    """Settings because of which no call of a running campaign goes out, in words."""
    if campaign.status != CampaignStatus.RUNNING:
        return ()
    return hindrances(campaign.organization_id, at, group=campaign_group_key(campaign.pk))
