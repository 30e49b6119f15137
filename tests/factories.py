"""Rows for tests: one function for each kind, every field with a sane default."""

import itertools
import uuid
from datetime import UTC, datetime
from typing import Any

from calls.contracts import Brief, CallRequest
from calls.models import Call, CallGroup, CallingHours
from calls.states import Outcome, State
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
