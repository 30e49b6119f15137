"""Whatever the gate says when a call's turn comes is kept, with its rule."""

import pytest

from calls.facade import decision_of
from calls.services.do_not_call import add_do_not_call
from calls.states import Outcome
from tests.calls.dialers import RecordingDialer
from tests.calls.steps import dial_call
from tests.factories import NOW, NUMBER, make_call, make_organization, open_at_any_hour

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("for_everybody", [False, True])
def test_a_number_that_was_listed_before_its_call_was_made_is_refused_with_the_rule(for_everybody: bool) -> None:
    organization = make_organization()
    owner = None if for_everybody else organization.pk
    add_do_not_call(owner, NUMBER, source="owner", reason="", at=NOW)
    call, dialer = make_call(organization=organization), RecordingDialer()
    dial_call(call.pk, clock=lambda: NOW, dialer=dialer)
    call.refresh_from_db()
    assert (call.outcome, dialer.sent) == (Outcome.BLOCKED, [])
    decision = decision_of(call.pk)
    assert decision is not None
    assert (decision.decision, decision.rule) == ("deny", "do_not_call")


def test_a_no_to_one_organization_binds_no_other() -> None:
    add_do_not_call(make_organization().pk, NUMBER, source="owner", reason="", at=NOW)
    organization = make_organization()
    open_at_any_hour(organization)
    call = make_call(organization=organization)
    dial_call(call.pk, clock=lambda: NOW, dialer=RecordingDialer())
    call.refresh_from_db()
    assert (call.outcome, call.waits_for) == ("", "gateway")
