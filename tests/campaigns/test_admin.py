"""Operators' screens of campaigns and analysis: they open, and change nothing."""

import pytest
from django.contrib.admin.sites import site
from django.test import Client
from django.urls import reverse

from campaigns.models import Report
from campaigns.services.reports import request_report
from opendeep.accounts.models import User
from tests.factories import NOW, make_called_task, make_campaign, make_conversation, make_user, make_verdict, plan_data

pytestmark = pytest.mark.django_db

MODELS = [model for model in site._registry if model._meta.app_label in ("campaigns", "analysis")]


@pytest.fixture
def operator(client: Client) -> Client:
    user = make_user(is_staff=True, is_superuser=True)
    conversation = make_conversation(user, plan_data())
    campaign = make_campaign(user=user, conversation=conversation)
    task = make_called_task(campaign=campaign)
    task.events.create(at=NOW, kind="claim")
    assert task.current_call_id is not None
    make_verdict(task.current_call_id)
    request_report(campaign, Report.Kind.SO_FAR, NOW)
    client.force_login(User.objects.get(pk=user.pk))
    return client


def test_every_model_has_a_screen() -> None:
    names = {model.__name__ for model in MODELS}
    assert names == {"Conversation", "Message", "Campaign", "Contact", "Task", "TaskEvent", "Report", "Verdict"}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_lists_and_rows_open_and_cannot_be_changed(operator: Client, model: type) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"  # type: ignore[attr-defined]
    listed = operator.get(reverse(f"{name}_changelist"))
    assert listed.status_code == 200
    row = model.objects.get()  # type: ignore[attr-defined]
    shown = operator.get(reverse(f"{name}_change", args=[row.pk]))
    assert shown.status_code == 200
    assert b'name="_save"' not in shown.content
    assert operator.get(reverse(f"{name}_delete", args=[row.pk])).status_code == 403
