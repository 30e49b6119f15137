from datetime import timedelta

import pytest

from calls.states import Outcome, State
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign, Report, Task
from campaigns.services.reports import (
    CLAIM_LASTS,
    TRIES_WITH_THE_MODEL,
    due_reports,
    request_report,
    write_report,
)
from tests.factories import NOW, make_call, make_campaign
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db


def half_done() -> Campaign:
    """Two tasks: one achieved with a yes, one waiting for its callback."""
    campaign = make_campaign("+12025550100", "+12025550104")
    yes = {
        "field": "keeps_appointment",
        "label": "Keeps",
        "value": "yes",
        "verified": True,
        "evidence_turns": [2],
        "call_id": "x",
    }
    Task.objects.filter(campaign=campaign, position=0).update(
        status="completed", conclusion_code="achieved", conclusion="Keeps it.", attempts=1, result={"fields": [yes]}
    )
    Task.objects.filter(campaign=campaign, position=1).update(
        attempts=1, next_action_at=NOW + timedelta(days=1), next_action_reason="asked to be called again"
    )
    for number, outcome in (("+12025550100", Outcome.COMPLETED), ("+12025550104", Outcome.BUSY)):
        group = campaign_group_key(campaign.pk)
        make_call(
            State.ENDED,
            organization=campaign.organization,
            group_id=group,
            number=number,
            outcome=outcome,
            talk_ms=45_000,
            cost_microcents=7,
        )
    return campaign


def asked_for(campaign: Campaign) -> Report:
    return request_report(campaign, Report.Kind.SO_FAR, NOW)


def test_figures_and_table_come_from_the_database_and_words_from_the_model(openai_server: OpenAIServer) -> None:
    report = asked_for(half_done())
    assert write_report(report.pk, NOW)
    report.refresh_from_db()
    assert (report.status, report.written_at) == ("written", NOW)
    counted = {name: report.figures[name] for name in ("tasks", "completed", "open", "completed_percent")}
    assert counted == {"tasks": 2, "completed": 1, "open": 1, "completed_percent": 50}
    called = {name: report.figures[name] for name in ("calls", "by_outcome", "talk_minutes", "cost_microcents")}
    assert called == {
        "calls": 2,
        "by_outcome": {"busy": 1, "completed": 1},
        "talk_minutes": 1.5,
        "cost_microcents": 14,
    }
    assert report.figures["results"] == [
        {
            "field": "keeps_appointment",
            "label": "Keeps the appointment",
            "answered": 1,
            "unverified": 0,
            "values": {"yes": 1},
        }
    ]
    first, second = report.table
    assert (first["status"], first["results"][0]["value"]) == ("completed", "yes")
    assert (second["status"], second["waits"]) == ("pending", "asked to be called again")
    assert report.headline
    assert report.markdown
    assert report.prompt_hash.startswith("v1:")


def test_the_model_is_told_numbers_as_people_write_them(openai_server: OpenAIServer) -> None:
    report = asked_for(half_done())
    write_report(report.pk, NOW)
    report.refresh_from_db()
    assert "+1 202-555-0100" in report.markdown
    assert "+12025550100" not in report.markdown


def test_a_report_is_written_once(openai_server: OpenAIServer) -> None:
    report = asked_for(half_done())
    assert [write_report(report.pk, NOW), write_report(report.pk, NOW + timedelta(hours=1))] == [True, False]


def test_a_report_so_far_is_not_asked_for_twice_while_it_is_written_but_again_afterwards(
    openai_server: OpenAIServer,
) -> None:
    campaign = half_done()
    report = asked_for(campaign)
    assert asked_for(campaign) == report
    write_report(report.pk, NOW)
    assert asked_for(campaign) != report


def test_there_is_one_final_report() -> None:
    campaign = half_done()
    final = request_report(campaign, Report.Kind.FINAL, NOW)
    Report.objects.update(status="written")
    assert request_report(campaign, Report.Kind.FINAL, NOW) == final


def test_a_lost_job_is_found_again() -> None:
    report = asked_for(half_done())
    assert due_reports(NOW) == [report.pk]
    Report.objects.update(next_try_at=NOW + CLAIM_LASTS)
    assert due_reports(NOW) == []


def test_while_the_model_is_away_a_report_waits_longer_each_time(openai_server: OpenAIServer) -> None:
    report = asked_for(half_done())
    openai_server.fault(target="chat", status=401, times=2)
    assert not write_report(report.pk, NOW)
    report.refresh_from_db()
    assert report.next_try_at == NOW + timedelta(seconds=10)
    assert "refuses the key" in report.last_error
    again = report.next_try_at
    assert not write_report(report.pk, again)
    report.refresh_from_db()
    assert report.next_try_at == again + timedelta(seconds=20)
    assert write_report(report.pk, report.next_try_at)


def test_after_five_failures_the_figures_speak_for_themselves(openai_server: OpenAIServer) -> None:
    report = asked_for(half_done())
    openai_server.fault(target="chat", status=401, times=TRIES_WITH_THE_MODEL)
    at = NOW
    for _ in range(TRIES_WITH_THE_MODEL):
        write_report(report.pk, at)
        report.refresh_from_db()
        at = report.next_try_at
    assert report.status == "written"
    assert report.headline == "1 of 2 done, 1 still open."
    assert "the model could not write it. The model refuses the key." in report.markdown
    assert report.model == ""
