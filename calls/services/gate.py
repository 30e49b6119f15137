"""Asks the gate under the lock of the lines, and acts on a no."""

from collections.abc import Sequence
from datetime import datetime

from calls.compliance.facts import Facts
from calls.compliance.gate import Allow, Defer, Deny, may_dial
from calls.compliance.rules import LOOK_AGAIN
from calls.endings import Ending
from calls.models import Call, CallGroup, CallQuerySet
from calls.services import decisions, waiting
from calls.services.endings import end
from calls.states import Outcome


def read_with_policy(calls: CallQuerySet) -> list[Call]:
    """`calls` with their organizations, groups and trunks, as all of them are now: read it under the lock of the lines.

    The rows that may say "paused" are held until the transaction ends: whoever changes one waits for the dials that
    have read it, and no dial that is committed later has read the old words. They are locked in one order, so that
    nobody waits for somebody who waits for him; the calls come in that of their turn.
    """
    rows = calls.select_related("organization", "trunk").order_by("organization")
    found = sorted(rows.select_for_update(no_key=True, of=("organization",)), key=lambda call: call.not_before)
    groups = _groups(sorted({call.group_id for call in found if call.group_id is not None}))
    for call in found:
        if call.group_id is not None:
            call.group = groups[call.group_id]
    return found


def _groups(keys: Sequence[str]) -> dict[str, CallGroup]:
    rows = CallGroup.objects.filter(key__in=keys).order_by("key").select_for_update(no_key=True)
    return {group.key: group for group in rows} if keys else {}


def passes(call: Call, facts: Facts, at: datetime) -> bool:
    """Whoever then dials keeps the yes with decisions.event_of."""
    decision = may_dial(facts.of(call), at)
    match decision:
        case Deny():
            decisions.keep(call.id, decision, at)
            end(call.id, Ending(Outcome.BLOCKED, decision.why), at=at, source="engine")
        case Defer():
            # A rule that says "in a moment" again and again is kept once.
            if call.waits_for != decision.rule or decision.until > at + LOOK_AGAIN:
                decisions.keep(call.id, decision, at)
            waiting.until(call, decision.until, waits_for=decision.rule, at=at)
    return isinstance(decision, Allow)
