"""The summarizer: the words of a report. It counts nothing itself; every number is one that it was given."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MAX_LISTED = 20
MAX_NAMED = 5
MAX_CONCLUSION_CHARS = 300

Data = Mapping[str, Any]
Task = Mapping[str, Any]

GROUPS = (
    ("Done", {"completed"}),
    ("Not achieved", {"failed_conclusive", "cancelled"}),
    ("Waiting for you", {"pending_user_info", "on_hold"}),
    ("Still going on", {"pending", "in_progress", "pending_analysis"}),
)
ADVICE = (
    ("pending_user_info", "Answer the open question for {names}."),
    ("on_hold", "Decide how to go on with {names}."),
    ("failed_conclusive", "Try to reach {names} in another way, if it matters."),
)
_WANTS_PEACE = re.compile(r"\bnot (?:want )?(?:to )?be called\b|\bdo[- ]not[- ]call\b", re.IGNORECASE)


def summarize(data: Data) -> dict[str, Any]:
    """The `campaign_report` of {title, goal, figures, tasks}."""
    tasks = [task for task in data.get("tasks") or [] if isinstance(task, dict)]
    figures = data.get("figures")
    figures = figures if isinstance(figures, dict) else {}
    paragraphs = [*_groups(tasks), *_answers(figures)]
    return {
        "headline": _headline(str(data.get("title") or data.get("goal") or "Report"), figures),
        "summary_markdown": "\n\n".join(paragraphs) or "There is nothing to report yet.",
        "next_steps": list(_next_steps(tasks)),
    }


def _headline(title: str, figures: Data) -> str:
    done, total, still_open = (figures.get(name) for name in ("completed", "tasks", "open"))
    if not isinstance(done, int) or not isinstance(total, int):
        return title[:200]
    rest = f", {still_open} still open" if still_open else ""
    colon = "" if title.endswith(("?", "!", ".")) else ":"
    return f"{title[:200]}{colon} {done} of {total} done{rest}"


def _groups(tasks: list[dict[str, Any]]) -> Iterable[str]:
    for heading, statuses in GROUPS:
        group = [task for task in tasks if task.get("status") in statuses]
        lines = [_line(task) for task in group[:MAX_LISTED]]
        if len(group) > MAX_LISTED:
            lines.append("- and others")
        if lines:
            yield "\n".join([f"**{heading}**", "", *lines])


def _line(task: Task) -> str:
    said = str(task.get("conclusion") or "").strip()[:MAX_CONCLUSION_CHARS]
    results = ", ".join(_results(task))
    parts = [part for part in (said, f"({results})" if results else "") if part]
    return f"- {_contact(task)}" + (f": {' '.join(parts)}" if parts else "")


def _results(task: Task) -> Iterable[str]:
    for entry in task.get("results") or []:
        if isinstance(entry, dict) and entry.get("value") not in (None, ""):
            label = entry.get("label") or str(entry.get("field") or "").replace("_", " ")
            unverified = ", unverified" if entry.get("verified") is False else ""
            yield f"{label}: {entry['value']}{unverified}"


def _answers(figures: Data) -> Iterable[str]:
    """How often each value was given, as the figures say it."""
    lines = []
    for result in figures.get("results") or []:
        values = result.get("values") if isinstance(result, dict) else None
        if isinstance(values, dict) and values:
            counts = ", ".join(f"{value} {count}" for value, count in values.items())
            lines.append(f"- {result.get('label') or result.get('field')}: {counts}")
    if lines:
        yield "\n".join(["**Answers**", "", *lines])


def _next_steps(tasks: list[dict[str, Any]]) -> Iterable[str]:
    """What the owner should do; nobody who asked for peace is called again."""
    for status, text in ADVICE:
        names = [_contact(task) for task in tasks if task.get("status") == status and not _wants_peace(task)]
        if names:
            others = " and others" if len(names) > MAX_NAMED else ""
            yield text.format(names=", ".join(names[:MAX_NAMED]) + others)


def _wants_peace(task: Task) -> bool:
    return bool(_WANTS_PEACE.search(str(task.get("conclusion") or "")))


def _contact(task: Task) -> str:
    contact = task.get("contact")
    if isinstance(contact, dict):
        contact = contact.get("name") or contact.get("phone")
    return str(contact or "unknown")[:60]
