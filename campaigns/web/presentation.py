"""What the pages about campaigns show: rows read for one organization, said in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from analysis.facade import judging_standstill
from calls.contracts import CallView, LineOutage
from calls.facade import latest_calls, outage_of, standstill
from campaigns.keys import task_origin
from campaigns.models import Campaign, Task
from campaigns.selectors import TaskFigures, campaigns_of, figures_of, tasks_of
from campaigns.services.outlook import hindrances_of
from campaigns.states import CampaignStatus, TaskStatus
from campaigns.web.words import CAMPAIGN_PILLS, people, task_pill
from opendeep.accounts.models import Organization
from opendeep.core import words
from opendeep.core.paging import Page, page_of
from opendeep.core.words import Pill

CAMPAIGNS_PER_PAGE = 25
TASKS_PER_PAGE = 100
BUSY = (CampaignStatus.RUNNING, CampaignStatus.PAUSED)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the proportion bar, in percent of its length, with its line in the legend."""

    tone: str
    count: int
    said: str
    start: float = 0.0
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class TaskRow:
    id: UUID
    name: str
    number: str
    pill: Pill
    talking_for_ms: int | None
    what: str
    their_time: str
    results: Sequence[tuple[str, str]]
    calls: int
    call_id: UUID | None
    waits_for_owner: bool


@dataclass(frozen=True, slots=True)
class CampaignRow:
    campaign: Campaign
    pill: Pill
    figures: TaskFigures
    segments: Sequence[Segment]


@dataclass(frozen=True, slots=True)
class CampaignPage:
    campaign: Campaign
    pill: Pill
    figures: TaskFigures
    segments: Sequence[Segment]
    page: Page[TaskRow]
    named: bool
    who: str
    may_pause: bool
    may_resume: bool
    may_cancel: bool
    is_busy: bool
    outage: LineOutage | None
    hindrances: Sequence[str]
    standstill: str
    judging_standstill: str


def campaigns_page(organization: Organization, number: int) -> Page[CampaignRow]:
    page = page_of(campaigns_of(organization), number, CAMPAIGNS_PER_PAGE)
    figures = figures_of([campaign.id for campaign in page.rows])
    rows = [
        CampaignRow(
            campaign,
            CAMPAIGN_PILLS[CampaignStatus(campaign.status)],
            figures[campaign.id],
            segments_of(figures[campaign.id]),
        )
        for campaign in page.rows
    ]
    return Page(rows, page.number, page.has_next)


def campaign_page(campaign: Campaign, number: int, *, now: datetime, viewer: ZoneInfo) -> CampaignPage:
    """One campaign with a page of its tasks. Reads a fixed number of times, however many tasks there are."""
    figures = figures_of([campaign.id])[campaign.id]
    page = _tasks_page(campaign, number, figures.total)
    calls = latest_calls([task_origin(task.id) for task in page.rows])
    rows = [task_row(task, calls.get(task_origin(task.id)), now=now, viewer=viewer) for task in page.rows]
    status = CampaignStatus(campaign.status)
    return CampaignPage(
        campaign=campaign,
        pill=CAMPAIGN_PILLS[status],
        figures=figures,
        segments=segments_of(figures),
        page=Page(rows, page.number, page.has_next),
        named=any(row.name for row in rows),
        who=people(figures.total),
        may_pause=status is CampaignStatus.RUNNING,
        may_resume=status is CampaignStatus.PAUSED,
        may_cancel=status in BUSY,
        is_busy=status in BUSY or figures.in_progress + figures.pending_analysis > 0,
        outage=outage_of(campaign.organization_id, now) if status is CampaignStatus.RUNNING else None,
        hindrances=hindrances_of(campaign, now),
        standstill=standstill() if status is CampaignStatus.RUNNING else "",
        judging_standstill=judging_standstill() if figures.pending_analysis else "",
    )


def _tasks_page(campaign: Campaign, number: int, total: int) -> Page[Task]:
    """By position, which counts the tasks of a campaign from 0: the last page is as near as the first."""
    start, end = (number - 1) * TASKS_PER_PAGE, number * TASKS_PER_PAGE
    tasks = tasks_of(campaign).filter(position__gte=start, position__lt=end)
    return Page(list(tasks), number, total > end)


def task_row(task: Task, call: CallView | None, *, now: datetime, viewer: ZoneInfo) -> TaskRow:
    due_at = _due_at(task, call)
    waits = due_at is not None and due_at > now
    theirs = ZoneInfo(task.contact.time_zone)
    return TaskRow(
        id=task.id,
        name=task.contact.name,
        number=task.contact.number,
        pill=task_pill(task.status, task.conclusion_code, call.state if call else "", due_at, now, viewer),
        talking_for_ms=_talking_for_ms(call, now),
        what=_what(task),
        their_time=words.elsewhere(due_at, now=now, viewer=viewer, theirs=theirs) if due_at and waits else "",
        results=_results(task.result),
        calls=task.attempts,
        call_id=call.id if call else None,
        waits_for_owner=task.status == TaskStatus.PENDING_USER_INFO,
    )


def _due_at(task: Task, call: CallView | None) -> datetime | None:
    """When it goes on by itself: at the task's own time, or when its queued call may be dialled."""
    if task.status == TaskStatus.PENDING:
        return task.next_action_at
    if task.status == TaskStatus.IN_PROGRESS and call is not None and call.state == "queued":
        return call.not_before
    return None


def _talking_for_ms(call: CallView | None, now: datetime) -> int | None:
    if call is None or call.state != "talking" or call.answered_at is None:
        return None
    return max(int((now - call.answered_at).total_seconds() * 1000), 0)


def _what(task: Task) -> str:
    if task.conclusion:
        return task.conclusion
    return task.next_action_reason if task.status in (TaskStatus.PENDING, TaskStatus.PENDING_USER_INFO) else ""


def _results(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    fields = result.get("fields", ())
    return [(field["label"], str(field["value"])) for field in fields if field["value"] not in (None, "")]


def segments_of(figures: TaskFigures) -> list[Segment]:
    """The bar from left to right: settled, under way, waiting. What is neither is the rest of the bar."""
    not_done = figures.failed_conclusive - figures.do_not_call + figures.cancelled
    parts = [
        Segment("ok", figures.completed, "done"),
        Segment("still", not_done, "not done or cancelled" if figures.cancelled else "not done"),
        Segment("stop", figures.do_not_call, "do not call"),
        Segment("live", figures.in_progress + figures.pending_analysis, "under way"),
        Segment("wait", figures.pending_user_info + figures.on_hold, "waiting for you"),
        Segment("info", figures.again, "scheduled again"),
        Segment("rest", figures.pending - figures.again, "not called yet"),
    ]
    return _laid_out([part for part in parts if part.count], figures.total)


def _laid_out(parts: list[Segment], total: int) -> list[Segment]:
    laid, start = [], 0.0
    for part in parts:
        width = 100 * part.count / total
        laid.append(Segment(part.tone, part.count, part.said, round(start, 3), round(width, 3)))
        start += width
    return laid
