"""What the agent is told about voicemails."""

import pytest

from calls.facade import note_message_left
from calls.states import Outcome
from campaigns.models import Task
from campaigns.selectors import attempts_of
from campaigns.services.briefs import brief_for
from tests.factories import NOW, make_called_task, make_campaign, plan_data

pytestmark = pytest.mark.django_db


def called(voicemail: str) -> Task:
    campaign = make_campaign(plan=plan_data(voicemail=voicemail))
    return make_called_task(Outcome.VOICEMAIL, campaign=campaign)


@pytest.mark.parametrize("policy", ["as_instructed", "hang_up", "leave_message", "try_again"])
def test_the_plans_word_about_voicemails_is_told(policy: str) -> None:
    task = called(policy)
    assert brief_for(task, task.campaign, attempts_of(task.pk)).voicemail == policy


def test_nobody_finds_a_second_message() -> None:
    task = called("leave_message")
    assert task.current_call_id is not None
    note_message_left(task.current_call_id, at=NOW)
    assert brief_for(task, task.campaign, attempts_of(task.pk)).voicemail == "try_again"


def test_a_campaign_from_before_there_was_a_choice_does_as_instructed() -> None:
    task = called("leave_message")
    del task.campaign.plan["voicemail"]
    assert brief_for(task, task.campaign, attempts_of(task.pk)).voicemail == "as_instructed"
