"""What the report's page shows: words, figures and table as they stood when the report was written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString

from analysis.facade import judging_standstill
from campaigns.models import Campaign, Report
from campaigns.reporting.words import safe_html
from campaigns.states import CampaignStatus
from campaigns.web.words import task_pill
from opendeep.core import words
from opendeep.core.words import Pill

ROWS_SHOWN = 500


@dataclass(frozen=True, slots=True)
class ReportRow:
    name: str
    number: str
    pill: Pill
    what: str
    results: Sequence[tuple[str, str, bool]]
    calls: int


@dataclass(frozen=True, slots=True)
class ReportPage:
    """`report` is the one to read, `in_work` one that is being written now; either may be missing."""

    campaign: Campaign
    report: Report | None
    in_work: Report | None
    title: str
    html: SafeString
    figures: Sequence[tuple[str, str]]
    answers: Sequence[tuple[str, Sequence[tuple[str, int]]]]
    rows: Sequence[ReportRow]
    named: bool
    rows_left_out: int
    may_ask: bool
    standstill: str


def report_page(campaign: Campaign, *, now: datetime, viewer: ZoneInfo) -> ReportPage:
    """The final report, or else the newest so far; and the one that is being written, if any."""
    written = campaign.reports.filter(status=Report.Status.WRITTEN).order_by("-created_at")
    report = written.filter(kind=Report.Kind.FINAL).first() or written.first()
    in_work = campaign.reports.filter(status=Report.Status.PENDING).order_by("-created_at").first()
    final = report is not None and report.kind == Report.Kind.FINAL
    table = report.table if report else []
    return ReportPage(
        campaign=campaign,
        report=report,
        in_work=in_work,
        title="Report" if final else "Report so far",
        html=safe_html(report.markdown) if report else SafeString(""),
        figures=_figures(report.figures) if report and report.figures else [],
        answers=_answers(report.figures) if report and report.figures else [],
        rows=[_row(row, report.written_at or now, viewer) for row in table[:ROWS_SHOWN]] if report else [],
        named=any(row["contact"] for row in table),
        rows_left_out=_left_out(report) if report else 0,
        may_ask=not final and in_work is None and campaign.status in (CampaignStatus.RUNNING, CampaignStatus.PAUSED),
        standstill=judging_standstill() if in_work else "",
    )


def _figures(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    said = [
        ("People", figures["tasks"]),
        ("Done", figures["completed"]),
        ("Not done", figures["failed"]),
        ("Cancelled", figures["cancelled"]),
        ("Still open", figures["open"]),
        ("Calls made", figures["calls"]),
    ]
    counted = [(label, f"{count:,}") for label, count in said if count or label in ("People", "Done")]
    return [
        *counted,
        ("Talked for", _talked(figures["talk_minutes"])),
        ("Cost", words.money(figures["cost_microcents"])),
    ]


def _talked(minutes: float) -> str:
    return "under a minute" if 0 < minutes < 1 else words.counted(round(minutes), "minute")


def _answers(figures: Mapping[str, Any]) -> list[tuple[str, Sequence[tuple[str, int]]]]:
    """For each result field that can be counted, how often which answer was given."""
    return [
        (result["label"], list(result["values"].items())) for result in figures.get("results", []) if result["values"]
    ]


def _left_out(report: Report) -> int:
    return max(int(report.figures.get("tasks", 0)) - min(len(report.table), ROWS_SHOWN), 0)


def _row(row: Mapping[str, Any], as_of: datetime, viewer: ZoneInfo) -> ReportRow:
    due = datetime.fromisoformat(row["next_action_at"]) if row["next_action_at"] else None
    return ReportRow(
        name=row["contact"],
        number=row["number"],
        pill=task_pill(row["status"], row["conclusion_code"], "", due, as_of, viewer, by_date=True),
        what=row["conclusion"] or row["waits"],
        results=[(entry["label"], str(entry["value"]), entry["verified"]) for entry in row["results"]],
        calls=row["attempts"],
    )
