"""May this call be dialled now? One pure question; everything that says no is in rules.py."""

from collections.abc import Sequence
from datetime import datetime

from calls.compliance.decisions import ALLOW, Allow, Decision, Defer, Deny, DialFacts
from calls.compliance.rules import RULES, Rule

__all__ = ["ALLOW", "Allow", "Decision", "Defer", "Deny", "DialFacts", "may_dial"]


def may_dial(facts: DialFacts, now: datetime, rules: Sequence[Rule] = RULES) -> Decision:
    """Allow only when every rule allows. The first Deny counts; without one, the Defer that lasts longest."""
    decisions = [rule(facts, now) for rule in rules]
    for decision in decisions:
        if isinstance(decision, Deny):
            return decision
    deferred = [decision for decision in decisions if isinstance(decision, Defer)]
    return max(deferred, key=lambda decision: decision.until, default=ALLOW)
