"""The summarizer: a report from the figures and the tasks that it is given, and from nothing else."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

MAX_LISTED = 20

Data = Mapping[str, Any]


def summarize(data: Data) -> dict[str, Any]:
    """The `campaign_report` of {title, goal, figures, tasks}."""
    tasks = [task for task in data.get("tasks") or [] if isinstance(task, dict)]
    statuses = Counter(str(task.get("status") or "unknown") for task in tasks)
    return {
        "headline": _headline(data, statuses),
        "summary_markdown": "\n\n".join(_paragraphs(data, tasks)),
        "next_steps": _next_steps(tasks),
    }


def _headline(data: Data, statuses: Counter[str]) -> str:
    title = str(data.get("title") or data.get("goal") or "Report")
    total = sum(statuses.values())
    if not total:
        return f"{title}: no calls yet"
    return f"{title}: {statuses['completed']} of {total} done"


def _paragraphs(data: Data, tasks: list[dict[str, Any]]) -> Iterable[str]:
    if goal := data.get("goal"):
        yield f"**Goal:** {goal}"
    figures = data.get("figures")
    if isinstance(figures, dict) and figures:
        yield "\n".join(["**Figures**", "", *_figure_lines(figures)])
    answers = _answers(tasks)
    if answers:
        lines = [f"- {_plain(field)}: {_counted(values)}" for field, values in answers.items()]
        yield "\n".join(["**Answers**", "", *lines])
    if tasks:
        lines = [_task_line(task) for task in tasks[:MAX_LISTED]]
        if len(tasks) > MAX_LISTED:
            lines.append(f"- and {len(tasks) - MAX_LISTED} more")
        yield "\n".join(["**Calls**", "", *lines])


def _figure_lines(figures: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from _figure_lines(value, f"{prefix}{_plain(name)}, ")
        elif value is not None and not isinstance(value, list):
            label = f"{prefix}{_plain(name)}"
            yield f"- {label[:1].upper()}{label[1:]}: {value}"


def _answers(tasks: list[dict[str, Any]]) -> dict[str, Counter[str]]:
    """How often each value was given, by field."""
    counted: dict[str, Counter[str]] = {}
    for task in tasks:
        for field, value in _results(task):
            counted.setdefault(field, Counter())[value] += 1
    return counted


def _results(task: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Results come as a list of {field, value} or as a mapping."""
    results = task.get("results")
    pairs: Iterable[tuple[Any, Any]] = results.items() if isinstance(results, dict) else ()
    if isinstance(results, list):
        pairs = [(entry.get("field"), entry.get("value")) for entry in results if isinstance(entry, dict)]
    for field, value in pairs:
        if field and value not in (None, ""):
            yield str(field), _value(value)


def _value(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _counted(values: Counter[str]) -> str:
    return ", ".join(f"{value} ({count})" for value, count in values.most_common(5))


def _task_line(task: Mapping[str, Any]) -> str:
    status = _plain(str(task.get("status") or "unknown"))
    conclusion = str(task.get("conclusion") or "").strip()
    results = ", ".join(f"{_plain(field)}: {value}" for field, value in _results(task))
    said = conclusion or results
    return f"- {_contact(task)}: {status}" + (f" - {said}" if said else "")


def _contact(task: Mapping[str, Any]) -> str:
    contact = task.get("contact")
    if isinstance(contact, dict):
        return str(contact.get("name") or contact.get("phone") or "unknown")
    return str(contact or "unknown")


def _next_steps(tasks: list[dict[str, Any]]) -> list[str]:
    """What the owner should do, by status; nothing when all is done."""
    advice = {
        "pending_user_info": "Answer the open question for {who}.",
        "on_hold": "Decide how to go on with {who}.",
        "failed_conclusive": "See whether {who} should be reached in another way.",
    }
    steps = []
    for status, text in advice.items():
        names = [_contact(task) for task in tasks if task.get("status") == status]
        if names:
            steps.append(text.format(who=_listed(names)))
    waiting = sum(task.get("status") in {"pending", "in_progress", "pending_analysis"} for task in tasks)
    if waiting:
        steps.append(f"Wait for {waiting} more {'call' if waiting == 1 else 'calls'}.")
    return steps


def _listed(names: list[str]) -> str:
    shown = names[:5]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _plain(name: str) -> str:
    return name.replace("_", " ")
