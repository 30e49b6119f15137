"""How tasks and campaigns are named in `calls`, which knows nothing of either."""

from uuid import UUID

TASK_PREFIX = "campaigns.task:"
CAMPAIGN_PREFIX = "campaigns.campaign:"


def task_origin(task_id: UUID) -> str:
    return f"{TASK_PREFIX}{task_id}"


def task_of_origin(origin: str) -> UUID | None:
    """The task that asked for a call, or None when something else did."""
    if not origin.startswith(TASK_PREFIX):
        return None
    return UUID(origin.removeprefix(TASK_PREFIX))


def campaign_group_key(campaign_id: UUID) -> str:
    """The key of the campaign's calls.CallGroup."""
    return f"{CAMPAIGN_PREFIX}{campaign_id}"
