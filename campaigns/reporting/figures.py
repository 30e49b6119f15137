"""The figures and the table of a report, read from the database."""

from collections import Counter
from typing import Any

from calls.facade import figures_of_group
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign, Task
from campaigns.selectors import figures_of, tasks_of
from campaigns.states import TaskStatus

TABLE_ROWS_AT_MOST = 1000
"""A report keeps the table of this many tasks; the page of the campaign shows all of them."""
VALUES_AT_MOST = 20
COUNTED_TYPES = ("yes_no", "choice", "number")


def figures_for(campaign: Campaign) -> dict[str, Any]:
    """{tasks, completed, failed, cancelled, open, completed_percent, by_conclusion: {code: n}, calls,
    by_outcome: {outcome: n}, talk_minutes, cost_microcents,
    results: [{field, label, answered, unverified, values: {value: n}}]}
    """
    counts = figures_of([campaign.pk])[campaign.pk]
    calls = figures_of_group(campaign_group_key(campaign.pk))
    conclusions: Counter[str] = Counter()
    results = {field["name"]: _ResultCount(field) for field in campaign.plan["result_fields"]}
    rows = Task.objects.filter(campaign=campaign).values_list("conclusion_code", "result").order_by()
    for code, result in rows.iterator(chunk_size=1000):
        if code:
            conclusions[code] += 1
        for entry in result.get("fields", []):
            if entry["field"] in results:
                results[entry["field"]].add(entry)
    return {
        "tasks": counts.total,
        "completed": counts.completed,
        "failed": counts.failed_conclusive,
        "cancelled": counts.cancelled,
        "open": counts.open,
        "completed_percent": 100 * counts.completed // counts.total if counts.total else 0,
        "by_conclusion": dict(conclusions.most_common()),
        "calls": calls.calls,
        "by_outcome": dict(calls.outcomes),
        "talk_minutes": round(calls.talk_ms / 60_000, 1),
        "cost_microcents": calls.cost_microcents,
        "results": [result.to_json() for result in results.values()],
    }


class _ResultCount:
    """How often each value of one result field was given."""

    def __init__(self, field: dict[str, Any]) -> None:
        self._field = field
        self._answered = self._unverified = 0
        self._values: Counter[str] = Counter()

    def add(self, entry: dict[str, Any]) -> None:
        self._answered += 1
        self._unverified += not entry["verified"]
        if self._field["type"] in COUNTED_TYPES:
            self._values[entry["value"]] += 1

    def to_json(self) -> dict[str, Any]:
        return {
            "field": self._field["name"],
            "label": self._field["label"],
            "answered": self._answered,
            "unverified": self._unverified,
            "values": dict(self._values.most_common(VALUES_AT_MOST)),
        }


def table_for(campaign: Campaign) -> list[dict[str, Any]]:
    """[{task_id, contact, number, status, conclusion_code, conclusion, waits, next_action_at, attempts,
    results: [{field, label, value, verified}]}] in the order of the plan.
    """
    return [_row(task) for task in tasks_of(campaign)[:TABLE_ROWS_AT_MOST]]


def _row(task: Task) -> dict[str, Any]:
    waits = task.next_action_reason if task.status in (TaskStatus.PENDING, TaskStatus.PENDING_USER_INFO) else ""
    return {
        "task_id": str(task.pk),
        "contact": task.contact.name,
        "number": task.contact.number,
        "status": task.status,
        "conclusion_code": task.conclusion_code,
        "conclusion": task.conclusion,
        "waits": waits,
        "next_action_at": task.next_action_at.isoformat() if task.next_action_at else None,
        "attempts": task.attempts,
        "results": [
            {name: entry[name] for name in ("field", "label", "value", "verified")}
            for entry in task.result.get("fields", [])
        ],
    }
