"""Rows for tests: one function for each kind, every field with a sane default."""

import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from analysis.models import Verdict
from calls.contracts import Brief, CallRequest
from calls.models import Call, CallGroup, CallingHours, Turn
from calls.questions.models import Question
from calls.states import Outcome, State
from campaigns.keys import campaign_group_key, task_origin
from campaigns.models import Campaign, Contact, Conversation, Message, Task
from campaigns.planning.plan import Plan
from campaigns.states import TaskStatus
from opendeep.accounts.models import Membership, Organization, User

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
"""A Tuesday, ten in the morning in New York."""
NUMBER = "+12025550100"

_counter = itertools.count(1)


def make_organization(**fields: Any) -> Organization:
    values = {"name": "Acme", "time_zone": "America/New_York", "caller_id": "+12025550199"}
    return Organization.objects.create(**(values | fields))


def make_user(organization: Organization | None = None, **fields: Any) -> User:
    """A user with the password "correct horse", member of `organization` (a new one by default)."""
    email = fields.pop("email", f"user{next(_counter)}@example.com")
    user = User.objects.create_user(email, fields.pop("password", "correct horse"), **fields)
    Membership.objects.create(user=user, organization=organization or make_organization())
    return user


def open_at_any_hour(organization: Organization) -> None:
    """And on any day, so that tests by the real clock pass on holidays too."""
    Organization.objects.filter(pk=organization.pk).update(calls_on_holidays=True)
    for weekday in range(7):
        CallingHours.objects.create(organization=organization, weekday=weekday, opens_minute=0, closes_minute=1440)


def make_group(organization: Organization, **fields: Any) -> CallGroup:
    key = fields.pop("key", f"campaigns.campaign:{uuid.uuid4()}")
    return CallGroup.objects.create(key=key, organization=organization, **fields)


def make_brief(**fields: Any) -> Brief:
    values: dict[str, Any] = {
        "goal": "Find out whether the appointment on Friday at ten stands.",
        "instructions": "Ask politely and thank for the answer.",
        "opening": "Hello, I am calling about your appointment.",
        "on_behalf_of": "Dr. Miller's office",
    }
    return Brief(**(values | fields))


def make_request(organization: Organization, **fields: Any) -> CallRequest:
    values: dict[str, Any] = {
        "organization_id": organization.id,
        "origin": f"tests.origin:{next(_counter)}",
        "group": None,
        "attempt": 1,
        "number": NUMBER,
        "contact_name": "Ada",
        "time_zone": "America/New_York",
        "brief": make_brief(),
        "not_before": NOW,
    }
    return CallRequest(**(values | fields))


def make_call(state: State = State.QUEUED, **fields: Any) -> Call:
    """A call in `state`, with the columns that a call of that state has."""
    organization = fields.pop("organization", None) or make_organization()
    values: dict[str, Any] = {
        "origin": f"tests.origin:{next(_counter)}",
        "number": NUMBER,
        "time_zone": "America/New_York",
        "brief": make_brief().to_json(),
        "not_before": NOW,
        "created_at": NOW,
        "state": state,
    }
    steps = list(State)
    if state is not State.QUEUED:
        reached = steps[1 : steps.index(state) + 1]
        values |= {f"{step}_at": NOW for step in reached}
        values |= {"gateway": "gateway-1", "gateway_address": "127.0.0.1:9092"}
    if state is State.ENDED:
        values["outcome"] = Outcome.COMPLETED
    return Call.objects.create(organization=organization, **(values | fields))


def make_turns(call: Call, *said: tuple[str, str]) -> None:
    """Writes the transcript of `call`: (speaker, text), five seconds each, all of it heard."""
    for position, (speaker, text) in enumerate(said):
        start = 5000 * position
        values = {"speaker": speaker, "text": text, "heard_text": text, "started_ms": start, "ended_ms": start + 4000}
        Turn.objects.create(call=call, position=position, item_id=f"item-{position}", **values)


# --- Campaigns ------------------------------------------------------------------------------------


def plan_data(*numbers: str, **fields: Any) -> dict[str, Any]:
    """A plan as the assistant makes it, as JSON."""
    return {
        "title": "Appointment on Friday",
        "goal": "Ask whether they want to keep their appointment on Friday at ten.",
        "on_behalf_of": "Dr. Miller's office",
        "instructions": "Ask politely and thank for the answer.",
        "opening": "Hello, I am calling for Dr. Miller's office about your appointment.",
        "language": "en",
        "contacts": [{"name": "", "phone": number, "variables": []} for number in numbers or (NUMBER,)],
        "result_fields": [
            {"name": "keeps_appointment", "label": "Keeps the appointment", "type": "yes_no", "options": []}
        ],
        "start_at": None,
        "max_attempts": 3,
        **fields,
    }


def make_conversation(user: User, plan: dict[str, Any] | None = None, **fields: Any) -> Conversation:
    """A conversation of `user`; with a plan it is complete and waits to be confirmed."""
    values: dict[str, Any] = {"created_at": NOW, "updated_at": NOW, "title": "Appointment"}
    if plan is not None:
        values["status"] = Conversation.Status.PLAN_COMPLETE
    organization = user.memberships.get().organization
    conversation = Conversation.objects.create(created_by=user, organization=organization, **(values | fields))
    if plan is not None:
        Message.objects.create(
            conversation=conversation,
            position=0,
            role=Message.Role.ASSISTANT,
            text="Here is the plan.",
            reply_status="plan_complete",
            plan=Plan.from_user(plan).to_json(),
            plan_revision=1,
            created_at=NOW,
        )
    return conversation


def make_campaign(
    *numbers: str, user: User | None = None, plan: dict[str, Any] | None = None, **fields: Any
) -> Campaign:
    """A running campaign whose tasks are due at NOW, one for each number."""
    user = user or make_user()
    confirmed = Plan.from_user(plan or plan_data(*numbers))
    organization = user.memberships.get().organization
    values = {"title": confirmed.title, "goal": confirmed.goal, "plan": confirmed.without_contacts(), "created_at": NOW}
    campaign = Campaign.objects.create(organization=organization, created_by=user, **(values | fields))
    make_group(organization, key=campaign_group_key(campaign.pk))
    for position, contact in enumerate(confirmed.contacts):
        Task.objects.create(
            organization=organization,
            campaign=campaign,
            contact=Contact.objects.create(
                campaign=campaign, name=contact.name, number=contact.phone, time_zone="America/New_York"
            ),
            position=position,
            instructions=confirmed.instructions,
            next_action_at=NOW,
            max_attempts=confirmed.max_attempts,
            created_at=NOW,
            updated_at=NOW,
        )
    return campaign


def make_called_task(outcome: Outcome = Outcome.COMPLETED, campaign: Campaign | None = None, **fields: Any) -> Task:
    """A task whose call has ended with `outcome` and waits to be judged; `task.current_call_id` is that call."""
    campaign = campaign or make_campaign()
    task: Task = campaign.tasks.select_related("contact").get(status=TaskStatus.PENDING)
    call = make_call(
        State.ENDED,
        organization=campaign.organization,
        origin=task_origin(task.pk),
        group_id=campaign_group_key(campaign.pk),
        number=task.contact.number,
        outcome=outcome,
        brief=make_brief(result_fields=tuple(campaign.plan["result_fields"])).to_json(),
    )
    values = {"status": TaskStatus.PENDING_ANALYSIS, "current_call_id": call.pk, "attempts": 1, "next_action_at": None}
    for name, value in (values | fields).items():
        setattr(task, name, value)
    task.save()
    return task


def make_verdict(call_id: uuid.UUID, **fields: Any) -> Verdict:
    """A judged verdict: not completed, no other call needed."""
    call = Call.objects.get(pk=call_id)
    values: dict[str, Any] = {
        "organization_id": call.organization_id,
        "origin": call.origin,
        "status": Verdict.Status.JUDGED,
        "created_at": NOW,
        "next_try_at": NOW,
        "judged_at": NOW,
        "method": "model",
        "reason": "Said no.",
        "summary": "They talked.",
    }
    return Verdict.objects.create(call_id=call_id, **(values | fields))


def make_question(call: Call, **fields: Any) -> Question:
    """An open question asked at NOW, with a minute to answer it."""
    values: dict[str, Any] = {
        "organization_id": call.organization_id,
        "command_id": f"call_{next(_counter)}",
        "text": "May she bring her dog?",
        "asked_at": NOW,
        "deadline": NOW + timedelta(seconds=60),
    }
    return Question.objects.create(call=call, **(values | fields))
