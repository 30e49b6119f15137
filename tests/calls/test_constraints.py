"""What the database itself refuses, should the code before it ever forget to ask."""

import pytest
from django.db import IntegrityError, transaction

from calls.states import LIVE, State
from tests.factories import NUMBER, make_call, make_organization

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", sorted(LIVE))
def test_a_number_has_one_live_call_of_an_organization(state: State) -> None:
    organization = make_organization()
    make_call(state, organization=organization, number=NUMBER)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_call(State.TALKING, organization=organization, number=NUMBER)
    make_call(State.QUEUED, organization=organization, number=NUMBER)
    make_call(State.TALKING, organization=make_organization(), number=NUMBER)


@pytest.mark.parametrize("state", sorted(set(State) - {State.ENDED}))
def test_a_task_has_one_unfinished_call(state: State) -> None:
    organization, origin = make_organization(), "campaigns.task:1"
    make_call(state, organization=organization, origin=origin, number="+12025550101")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_call(State.QUEUED, organization=organization, origin=origin, number="+12025550102")
    make_call(State.ENDED, organization=organization, origin=origin, number="+12025550103")
