"""A report's words without a model, and its Markdown as safe HTML. Pure."""

from collections.abc import Mapping
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "code", "blockquote", "h3", "h4", "hr"}
markdown = MarkdownIt("commonmark", {"html": False})

CONCLUSIONS = {
    "achieved": "done",
    "message_left": "a message was left on a voicemail",
    "not_achieved": "not achieved",
    "voicemail": "a voicemail answered",
    "fax": "a fax machine answered",
    "do_not_call": "asked not to be called",
    "attempts_used_up": "not reached after all attempts",
    "rejected": "call rejected",
    "blocked": "not allowed to be called",
    "unanswered": "you did not answer",
    "cancelled": "cancelled",
}


def words_by_rule(figures: Mapping[str, Any], why: str) -> dict[str, Any]:
    """The columns of a report that no model wrote; `why` says what kept it from writing."""
    lines = [
        f"- {CONCLUSIONS.get(code, code.replace('_', ' '))}: {count}"
        for code, count in figures["by_conclusion"].items()
    ]
    if figures["open"]:
        lines.append(f"- still open: {figures['open']}")
    for result in figures["results"]:
        values = ", ".join(f"{value}: {count}" for value, count in result["values"].items())
        lines.append(f"- {result['label']}: {values or str(result['answered']) + ' answered'}")
    note = f"This report was put together from the figures alone, because the model could not write it. {why}"
    return {
        "headline": f"{figures['completed']} of {figures['tasks']} done, {figures['open']} still open.",
        "markdown": "\n".join([*lines, "", f"*{note.strip()}*"]),
        "next_steps": [],
        "model": "",
        "prompt_hash": "",
        "usage": {},
    }


def safe_html(text: str) -> SafeString:
    """Markdown as HTML with a few harmless tags; links, images and raw HTML are left out."""
    return mark_safe(nh3.clean(markdown.render(text), tags=TAGS, attributes={}))
