from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.planning.plan import Plan
from campaigns.roles.orchestrator import LISTED_AT_MOST, ScheduleCallBatch, complaint, order_data
from tests.factories import plan_data

PLAN = Plan.from_user(plan_data("+12025550100", "+12025550104"))


def order(**fields: Any) -> ScheduleCallBatch:
    values = {
        "plan_revision": 2,
        "contact_count": 2,
        "phone_numbers": ["+12025550100", "+12025550104"],
        "instructions": "Ask.",
        "start_at": None,
        "max_attempts": 3,
    }
    return ScheduleCallBatch.model_validate(values | fields)


def test_the_plan_as_it_is_passes() -> None:
    assert complaint(order(), PLAN, 2) is None
    assert complaint(order(phone_numbers=["+12025550104", "+12025550100"], start_at=""), PLAN, 2) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"plan_revision": 1},
        {"contact_count": 3},
        {"phone_numbers": ["+12025550100"]},
        {"phone_numbers": ["+12025550100", "+12025550104", "+12025550109"]},
        {"phone_numbers": ["+12025550100", "+12025550109"]},
        {"phone_numbers": ["+12025550100", "+12025550100", "+12025550104"]},
        {"phone_numbers": []},
        {"start_at": "2026-11-27T10:00"},
        {"max_attempts": 10},
    ],
)
def test_the_model_can_change_nothing(changed: dict[str, Any]) -> None:
    assert complaint(order(**changed), PLAN, 2)


@given(st.lists(st.integers(0, 99).map(lambda n: f"+120255501{n:02d}"), max_size=4))
def test_the_model_can_add_or_drop_nobody(numbers: list[str]) -> None:
    passes = complaint(order(phone_numbers=numbers), PLAN, 2) is None
    assert passes == (sorted(numbers) == ["+12025550100", "+12025550104"])


def test_of_a_long_list_the_model_sees_the_beginning_and_names_nobody() -> None:
    plan = Plan.from_user(plan_data(*(f"+1202555{n:04d}" for n in range(LISTED_AT_MOST + 1))))
    data = order_data(plan, 2)
    assert data["contact_count"] == LISTED_AT_MOST + 1
    assert len(data["plan"]["contacts"]) == LISTED_AT_MOST
    count = {"contact_count": LISTED_AT_MOST + 1}
    assert complaint(order(**count, phone_numbers=[]), plan, 2) is None
    assert complaint(order(**count, phone_numbers=[plan.contacts[0].phone]), plan, 2)
