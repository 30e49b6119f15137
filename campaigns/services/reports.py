"""Reports: figures and table from the database, the words around them from the summarizer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from campaigns.models import Campaign, Report
from campaigns.reporting.figures import figures_for, table_for
from campaigns.reporting.words import words_by_rule
from campaigns.roles.summarizer import SUMMARIZER, complaint
from campaigns.services.transitions import lock_campaign
from opendeep.core.errors import PermanentError, RetryableError
from opendeep.core.jobs import enqueue_on_commit
from opendeep.core.live import campaign_group, hint_on_commit
from opendeep.core.llm import runner
from opendeep.core.llm.roles import ChatTurn
from opendeep.core.llm.runner import fenced
from opendeep.core.phone import spoken_format

log = structlog.get_logger(__name__)

TASKS_SHOWN_TO_THE_MODEL = 200
CLAIM_LASTS = timedelta(seconds=60)
FIRST_WAIT = timedelta(seconds=10)
WAIT_AT_MOST = timedelta(minutes=5)
TRIES_WITH_THE_MODEL = 5


def request_report(campaign: Campaign, kind: Report.Kind, at: datetime) -> Report:
    """The campaign's report of this kind, to be written soon. A final one exists once; one that is still being
    written is not asked for again. Call it with the campaign locked.
    """
    known = Report.objects.filter(campaign=campaign, kind=kind)
    if kind == Report.Kind.SO_FAR:
        known = known.filter(status=Report.Status.PENDING)
    report = known.first()
    if report is None:
        report = Report.objects.create(campaign=campaign, kind=kind, created_at=at, next_try_at=at)
        hint_on_commit(campaign_group(campaign.pk), "report")
    enqueue_on_commit("campaigns.write_report", str(report.pk))
    return report


def request_so_far(campaign_id: UUID, at: datetime) -> Report:
    """Asks for a report on what is known now, in a transaction of its own."""
    with transaction.atomic():
        return request_report(lock_campaign(campaign_id), Report.Kind.SO_FAR, at)


def due_reports(at: datetime, at_most: int = 100) -> list[UUID]:
    """Reports whose job was lost or whose last try failed long enough ago."""
    rows = Report.objects.filter(status=Report.Status.PENDING, next_try_at__lte=at).order_by("next_try_at")
    return list(rows.values_list("pk", flat=True)[:at_most])


def write_report(report_id: UUID, at: datetime) -> bool:
    """Writes the report unless it is written, claimed by another worker, or not due yet."""
    claimed = Report.objects.filter(pk=report_id, status=Report.Status.PENDING, next_try_at__lte=at).update(
        next_try_at=at + CLAIM_LASTS, tries=F("tries") + 1
    )
    if not claimed:
        return False
    report = Report.objects.select_related("campaign").get(pk=report_id)
    figures, table = figures_for(report.campaign), table_for(report.campaign)
    try:
        words = _words_by_model(report.campaign, figures, table)
    except (RetryableError, PermanentError) as error:
        if report.tries < TRIES_WITH_THE_MODEL:
            _try_later(report, error, at)
            return False
        words = words_by_rule(figures, str(error))
    return _save(report, words, figures, table, at)


def _words_by_model(campaign: Campaign, figures: Mapping[str, Any], table: list[dict[str, Any]]) -> dict[str, Any]:
    data = {
        "title": campaign.title,
        "goal": campaign.goal,
        "figures": {name: value for name, value in figures.items() if name != "cost_microcents"},
        "tasks": [
            {
                "contact": row["contact"] or spoken_format(row["number"]),
                "status": row["status"],
                "conclusion": row["conclusion"] or row["waits"],
                "results": row["results"],
            }
            for row in table[:TASKS_SHOWN_TO_THE_MODEL]
        ],
    }
    result = runner.run(
        SUMMARIZER,
        [ChatTurn("user", f"Write the report on these telephone tasks.\n{fenced(data)}")],
        check=lambda report: complaint(report, data),
    )
    return {
        "headline": result.answer.headline,
        "markdown": result.answer.summary_markdown,
        "next_steps": list(result.answer.next_steps),
        "model": result.model,
        "prompt_hash": result.prompt_hash,
        "usage": dict(result.usage),
    }


def _try_later(report: Report, error: Exception, at: datetime) -> None:
    wait = min(FIRST_WAIT * 2 ** (report.tries - 1), WAIT_AT_MOST)
    if isinstance(error, RetryableError) and error.retry_after_seconds:
        wait = max(wait, min(timedelta(seconds=error.retry_after_seconds), WAIT_AT_MOST))
    Report.objects.filter(pk=report.pk, status=Report.Status.PENDING).update(
        next_try_at=at + wait, last_error=str(error)[:300]
    )
    log.warning("report_not_written", report=str(report.pk), tries=report.tries, reason=str(error))
    hint_on_commit(campaign_group(report.campaign_id), "report")


def _save(
    report: Report, words: Mapping[str, Any], figures: Mapping[str, Any], table: list[dict[str, Any]], at: datetime
) -> bool:
    with transaction.atomic():
        written = Report.objects.filter(pk=report.pk, status=Report.Status.PENDING).update(
            status=Report.Status.WRITTEN, written_at=at, figures=figures, table=table, last_error="", **words
        )
        hint_on_commit(campaign_group(report.campaign_id), "report")
    return bool(written)
