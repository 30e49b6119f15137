"""Rows to measure with: an owner, campaigns, and as many waiting tasks as wanted, written by SQL."""

from datetime import datetime
from typing import Any

from django.db import connection, models

from calls.contracts import CallGroupSpec
from calls.facade import put_group
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign, Contact, Task
from campaigns.planning.plan import Plan
from opendeep.accounts.models import Membership, Organization, User


def plan_of(people: int, first: int = 2_000_000_000) -> dict[str, Any]:
    """A plan as the API takes it. Its numbers are of a few dozen exchanges, and none of them is called."""
    return {
        "title": "Appointments",
        "goal": "Ask whether they keep their appointment.",
        "on_behalf_of": "Dr. Miller's office",
        "instructions": "Ask politely and thank for the answer.",
        "opening": "Hello, I am calling for Dr. Miller's office about your appointment.",
        "contacts": [
            {"name": f"Person {n}", "phone": f"+1{first + 25_550_000 + n}", "variables": []} for n in range(people)
        ],
        "result_fields": [{"name": "keeps_it", "label": "Keeps it", "type": "yes_no"}],
    }


def make_owner(email: str) -> tuple[User, Organization]:
    organization = Organization.objects.create(name=email, time_zone="America/New_York", max_concurrent_calls=1000)
    user = User.objects.create_user(email, "a long enough password")
    Membership.objects.create(user=user, organization=organization)
    return user, organization


def make_campaign(user: User, organization: Organization, at: datetime) -> Campaign:
    plan = Plan.from_user(plan_of(1))
    campaign = Campaign.objects.create(
        organization=organization,
        created_by=user,
        title=plan.title,
        goal=plan.goal,
        plan=plan.without_contacts(),
        created_at=at,
    )
    put_group(CallGroupSpec(key=campaign_group_key(campaign.pk), organization_id=organization.pk))
    return campaign


def add_due_tasks(campaign: Campaign, first: int, count: int, at: datetime) -> None:
    """`count` tasks with their contacts, all due at `at`; `first` keeps ids and positions apart."""
    uuid = "printf('%%032x', i)" if connection.vendor == "sqlite" else "lpad(to_hex(i), 32, '0')::uuid"
    series = f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {first + count - 1})"
    empty = "'{}'"
    values = {
        "id": uuid,
        "number": "'+1' || (2022000000 + i)",
        "contact_id": uuid,
        "position": "i",
        "variables": empty,
        "result": empty,
    }
    fixed = {
        "campaign_id": campaign.pk,
        "organization_id": campaign.organization_id,
        "time_zone": "America/New_York",
        "instructions": "Ask politely.",
        "status": "pending",
        "next_action_at": at,
        "created_at": at,
        "updated_at": at,
    }
    with connection.cursor() as cursor:
        for model in (Contact, Task):
            columns, parts, parameters = [], [], []
            for field in model._meta.concrete_fields:
                column = str(field.column)
                columns.append(column)
                parts.append(values.get(column, "%s"))
                if column not in values:
                    parameters.append(_prepared(field, fixed.get(column, field.get_default())))
            table = model._meta.db_table
            names = ", ".join(f'"{column}"' for column in columns)
            cursor.execute(f"INSERT INTO {table} ({names}) {series} SELECT {', '.join(parts)} FROM n", parameters)


def _prepared(field: "models.Field[Any, Any]", value: Any) -> Any:
    return field.get_db_prep_save(value, connection)
