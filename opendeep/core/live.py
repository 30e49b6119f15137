"""Live hints to open pages. A hint says that something changed; the page reads the database again."""

from django.db import transaction

from opendeep.core import layer


def call_group(call_id: object) -> str:
    return f"call.{call_id}"


def campaign_group(campaign_id: object) -> str:
    return f"campaign.{campaign_id}"


def batch_group(key: str) -> str:
    """Of all calls of the calls.CallGroup with this key."""
    return f"batch.{key.replace(':', '.')}"


def conversation_group(conversation_id: object) -> str:
    return f"conversation.{conversation_id}"


def user_group(user_id: object) -> str:
    return f"user.{user_id}"


def organization_group(organization_id: object) -> str:
    """Of everybody who works there."""
    return f"organization.{organization_id}"


def hint_on_commit(group: str, what: str) -> None:
    """Tells everybody who watches `group` that `what` changed, once the transaction is committed."""
    transaction.on_commit(lambda: hint(group, what), robust=True)


def hint(group: str, what: str) -> None:
    """Sends the hint now. Lossy by design: without Redis the page still reads the truth when it polls."""
    layer.hint_group(group, {"type": "live.hint", "what": what})
