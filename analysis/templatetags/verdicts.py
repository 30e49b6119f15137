"""Verdicts on pages of other apps: templates may put together what Python packages may not import."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import template

from analysis.contracts import VerdictView
from analysis.facade import judging_standstill, verdict_of
from analysis.models import Verdict
from opendeep.accounts.models import Organization

register = template.Library()

SAID = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


@dataclass(frozen=True, slots=True)
class ResultLine:
    label: str
    value: str
    turns: tuple[int, ...]
    verified: bool


@register.simple_tag
def summaries_of(rows: Iterable[Any], organization: Organization) -> dict[UUID, str]:
    """What came of each of the calls in one sentence, in one query; calls that are not judged are missing."""
    judged = Verdict.objects.filter(
        call_id__in=[row.id for row in rows], organization=organization, status=Verdict.Status.JUDGED
    )
    found = judged.values_list("call_id", "summary", "reason")
    return {call_id: summary or reason for call_id, summary, reason in found}


@register.filter
def of(found: Mapping[UUID, str], key: UUID) -> str:
    return found.get(key, "")


@register.inclusion_tag("analysis/_verdict.html")
def verdict_card(call: Any) -> dict[str, Any]:
    """The verdict on `call` (an ended calls.Call that the viewer may see), or that it is still to come."""
    verdict = verdict_of(call.id)
    labels = {field["name"]: field.get("label") for field in call.brief.get("result_fields", ())}
    return {
        "verdict": verdict,
        "results": _lines(verdict, labels) if verdict else [],
        "zone": call.time_zone,
        "standstill": "" if verdict else judging_standstill(),
    }


def _lines(verdict: VerdictView, labels: Mapping[str, str | None]) -> list[ResultLine]:
    return [
        ResultLine(
            label=labels.get(result.field) or result.field.replace("_", " ").capitalize(),
            value=SAID.get(str(result.value).lower(), str(result.value)),
            turns=result.evidence_turns,
            verified=result.verified,
        )
        for result in verdict.results
    ]
