"""What is measured is what the product would have: rows as the product writes them, and bars that can be missed."""

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from pytest_django.fixtures import Settings

from bench import rows
from bench.__main__ import write
from bench.row import Row
from campaigns.models import Task
from campaigns.planning.plan import Plan
from campaigns.services.dispatch import dispatch_due
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def row(value: float) -> Row:
    return Row("engine.example", value, "s", 1.5, "on paper", MappingProxyType({"part": 1.0}))


def test_tasks_written_by_sql_are_claimed_like_any_other() -> None:
    user, organization = rows.make_owner("bench@example.com")
    campaign = rows.make_campaign(user, organization, NOW)
    rows.add_due_tasks(campaign, first=1, count=30, at=NOW)
    assert Task.objects.filter(campaign=campaign, contact__campaign=campaign).count() == 30
    assert dispatch_due(NOW) == 20


def test_the_plan_that_is_confirmed_is_valid_and_names_nobody_twice() -> None:
    assert len(Plan.from_user(rows.plan_of(300)).contacts) == 300


def test_a_bar_can_be_missed() -> None:
    assert (row(1.5).passes, row(1.6).passes) == (True, False)
    assert [replace(row(value), at_least=True).passes for value in (1.4, 1.5)] == [False, True]


def test_figures_that_were_not_measured_this_time_stay(tmp_path: Path, settings: Settings) -> None:
    settings.VAR_DIR = tmp_path
    (tmp_path / "bench.json").write_text('{"gateway.other": {"value": 3}}')
    write([(row(1.0), "sqlite 3")])
    known = json.loads((tmp_path / "bench.json").read_text())
    assert known["gateway.other"] == {"value": 3}
    assert (known["engine.example"]["value"], known["engine.example"]["more"]) == (1.0, {"part": 1.0})
    assert known["engine.example"]["versions"]["database"] == "sqlite 3"
