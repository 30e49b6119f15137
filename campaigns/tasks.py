"""Celery's entry points."""

from uuid import UUID

from celery import shared_task

from calls.facade import prepare_due
from campaigns.services import dispatch, owner, reports
from opendeep.core.clock import now
from opendeep.core.jobs import alone, enqueue

UNTIL_THE_NEXT_SWEEP = 10
"""Seconds. Workers that are busy for longer find one job for each report, not one for each sweep."""


@shared_task(name="campaigns.dispatch_due")
def dispatch_due() -> None:
    with alone("campaigns.dispatch_due") as is_alone:
        claimed = dispatch.dispatch_due(now()) if is_alone else 0
    if claimed:
        prepare_due(now)


@shared_task(name="campaigns.write_report")
def write_report(report_id: str) -> None:
    reports.write_report(UUID(report_id), now())


@shared_task(name="campaigns.reports_due")
def reports_due() -> None:
    for report_id in reports.due_reports(now()):
        enqueue("campaigns.write_report", str(report_id), expires_seconds=UNTIL_THE_NEXT_SWEEP)


@shared_task(name="campaigns.give_up_waiting")
def give_up_waiting() -> None:
    owner.give_up_waiting(now())
