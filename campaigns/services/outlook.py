"""Whether a plan can be carried out at all, and what stands in its way, before anybody is called."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from calls.contracts import Callee, Refusal
from calls.facade import hindrances, refusals
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign, Conversation
from campaigns.planning.plan import Plan
from campaigns.selectors import current_plan
from campaigns.states import CampaignStatus
from opendeep.accounts.models import Organization
from opendeep.core.errors import DomainError

LOOKED_AT = 1_000
"""Of more people than this the first ones tell whether somebody can be called."""


@dataclass(frozen=True, slots=True)
class Uncallable:
    """Somebody of a plan who can never be called: the gate's rule, and why in words."""

    name: str
    phone: str
    rule: str
    why: str


def refusals_of(plan: Plan, organization: Organization, zone: ZoneInfo, at: datetime) -> Iterator[Refusal | None]:
    """For each person of the plan, in order: why the plan can never reach them, or None. `zone` is the user's."""
    callees = [Callee(person.phone, person.time_zone, person.consent) for person in plan.contacts[:LOOKED_AT]]
    start = plan.starts_at(zone)
    begins, ends = max(start, at) if start else at, plan.ends_at(zone)
    return refusals(organization.pk, callees, requires_consent=plan.requires_consent, begins=begins, ends=ends)


def who_cannot_be_called(conversation: Conversation, zone: ZoneInfo, at: datetime) -> list[Uncallable]:
    """The people of its latest plan whom nobody will ever call, as it stands. Looks at the first LOOKED_AT of them."""
    known = current_plan(conversation)
    if known is None:
        return []
    plan = Plan.stored(known[0])
    refused = zip(plan.contacts, refusals_of(plan, conversation.organization, zone, at), strict=False)
    return [Uncallable(person.name, person.phone, found.rule, found.why) for person, found in refused if found]


def check_somebody_can_be_called(plan: Plan, organization: Organization, zone: ZoneInfo, at: datetime) -> None:
    """Raises DomainError when nobody can ever be called: "never_open" when the calling hours alone are the reason,
    "nobody_callable" otherwise. Some who may not be called are no error of the plan: each one's task says so.
    """
    refused = []
    for refusal in refusals_of(plan, organization, zone, at):
        if refusal is None:
            return
        refused.append(refusal)
    is_never_open = all(refusal.rule == "calling_hours" for refusal in refused)
    if not is_never_open and len(refused) < len(plan.contacts):
        return  # numbers say nothing about others, as hours do
    reasons = {f"contacts.{number}.phone": [refusal.why] for number, refusal in enumerate(refused)}
    words = " ".join(dict.fromkeys(refusal.why for refusal in refused))
    code = "never_open" if is_never_open else "nobody_callable"
    raise DomainError(code, f"Nobody in this plan can be called. {words}", reasons)


def hindrances_of(campaign: Campaign, at: datetime) -> tuple[str, ...]:
    """Settings because of which no call of a running campaign goes out, in words."""
    if campaign.status != CampaignStatus.RUNNING:
        return ()
    return hindrances(campaign.organization_id, at, group=campaign_group_key(campaign.pk))
