"""The summarizer: the words of a report. Its figures and its table come from the database."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from campaigns.planning.fields import Value
from campaigns.roles.assistant import PROMPTS
from opendeep.core.llm.roles import Role

NUMBER = re.compile(r"\d+")
LIST_MARK = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)


class CampaignReport(Value):
    headline: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    summary_markdown: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    next_steps: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=500)], ...], Field(max_length=10)
    ]


SUMMARIZER = Role(name="campaign_report", prompt=PROMPTS / "summarizer" / "v1.md", answer=CampaignReport)


def complaint(report: CampaignReport, data: Mapping[str, Any]) -> str | None:
    """A figure that stands nowhere in the data is invented, however likely it looks."""
    known = _numbers(json.dumps(data, default=str))
    said = LIST_MARK.sub(" ", f"{report.headline}\n{report.summary_markdown}\n" + "\n".join(report.next_steps))
    invented = sorted(_numbers(said) - known)
    if invented:
        return f"these numbers do not stand in the data: {', '.join(invented[:10])}. Use only figures of the data."
    return None


def _numbers(text: str) -> set[str]:
    """The numbers in `text`, without thousands separators and leading zeros."""
    return {number.lstrip("0") or "0" for number in NUMBER.findall(re.sub(r"(?<=\d),(?=\d{3})", "", text))}
