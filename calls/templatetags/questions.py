"""What agents ask, for the frame around every page."""

from typing import Any

from django import template

from calls.web.questions import LATE_ON_EVERY_PAGE, WAITING_AT_MOST, Cards, cards
from opendeep.core.clock import now

register = template.Library()


@register.simple_tag(takes_context=True)
def questions_for_owner(context: dict[str, Any]) -> Cards | None:
    """What the viewer's organization can answer now; on the page of questions all of it."""
    organization = context.get("organization")
    if organization is None:
        return None
    late_at_most = WAITING_AT_MOST if context.get("section") == "questions" else LATE_ON_EVERY_PAGE
    return cards(organization.pk, now(), late_at_most=late_at_most)
