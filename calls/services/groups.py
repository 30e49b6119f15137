"""The dialing policy of a batch, kept by whoever owns the batch."""

from django.db import transaction

from calls.compliance.rules import GROUP_RULES
from calls.contracts import CallGroupSpec
from calls.models import Call, CallGroup
from calls.states import State
from opendeep.core.clock import now
from opendeep.core.jobs import kick_on_commit


def put_group(spec: CallGroupSpec) -> None:
    """Creates or replaces the policy `spec.key`. The gate reads it in the dialing transaction: it counts at once.

    A cap that the spec does not name stays as it is: an operator may have set it. Calls that wait because of the old
    policy are looked at again.
    """
    cap = {} if spec.max_concurrent_calls is None else {"max_concurrent_calls": spec.max_concurrent_calls}
    with transaction.atomic():
        CallGroup.objects.update_or_create(
            key=spec.key,
            defaults={
                "organization_id": spec.organization_id,
                "paused": spec.paused,
                "not_before": spec.not_before,
                "not_after": spec.not_after,
                "requires_consent": spec.requires_consent,
                **cap,
            },
        )
        if not spec.paused and _wake(spec.key):
            kick_on_commit("calls.prepare_due")


def _wake(key: str) -> int:
    at = now()
    waiting = Call.objects.filter(group=key, state=State.QUEUED, waits_for__in=GROUP_RULES, not_before__gt=at)
    return waiting.update_in_order(not_before=at)
