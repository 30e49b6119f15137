"""From a sentence to a report, by the services and the outbox; the talks themselves are written by the test."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from analysis.services.judge import due_calls, judge
from calls.endings import Ending
from calls.models import Call, DoNotCall
from calls.services.endings import end
from calls.states import Outcome, State
from campaigns.models import Campaign, Conversation, Report, Task
from campaigns.selectors import attempts_of, figures_of, latest_report
from campaigns.services import chat, launch
from campaigns.services.dispatch import dispatch_due
from campaigns.services.reports import request_report, write_report
from opendeep.core import outbox
from opendeep.core.clock import now
from tests.factories import make_turns, make_user, open_at_any_hour
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db

SENTENCE = (
    "Ask these three numbers whether they want to keep their appointment on Friday at ten: "
    "+12025550100, +12025550104, +12025550105"
)
QUESTION = ("agent", "Hello, this is an AI assistant. Do you want to keep your appointment on Friday at ten?")
SAID = {
    "+12025550100": "Yes, I will keep the appointment.",
    "+12025550104": "I have no time now. Please call me tomorrow at ten.",
    "+12025550105": "Never call me again.",
}
NEW_YORK = ZoneInfo("America/New_York")


def confirmed() -> Campaign:
    user = make_user(time_zone="America/New_York")
    organization = user.memberships.get().organization
    open_at_any_hour(organization)
    reply = chat.say(None, user, organization, message=SENTENCE, at=now())
    conversation = Conversation.objects.get(pk=reply.conversation_id)
    reply = chat.say(conversation, user, organization, answers={"on_behalf_of": "Dr. Miller"}, at=now())
    launched = launch.execute(conversation, reply.plan, user, at=now())
    return Campaign.objects.get(pk=launched.campaign_id)


def talk_it_over(said: Mapping[str, str] = SAID) -> None:
    """Every queued call is answered, its callee says a sentence, it ends and is judged."""
    for call in Call.objects.filter(state=State.QUEUED):
        Call.objects.filter(pk=call.pk).update(answered_at=now(), talking_at=now())
        make_turns(call, QUESTION, ("callee", said[call.number]), ("agent", "Thank you, goodbye."))
        end(call.pk, Ending(Outcome.COMPLETED, "They talked."), at=now(), source="test")
    outbox.deliver_pending()
    for call_id in due_calls(now()):
        assert judge(call_id, now())
    outbox.deliver_pending()


def tasks_by_number(campaign: Campaign) -> dict[str, Task]:
    return {task.contact.number: task for task in campaign.tasks.select_related("contact")}


def test_a_sentence_becomes_a_report_in_which_one_is_done_one_waits_and_one_is_left_alone(
    openai_server: OpenAIServer,
) -> None:
    campaign = confirmed()
    assert dispatch_due(now()) == 3
    talk_it_over()
    done, waiting, listed = tasks_by_number(campaign).values()
    assert (done.status, done.result["fields"][0]["value"].lower()) == ("completed", "yes")
    assert done.result["fields"][0]["verified"]
    tomorrow = now().astimezone(NEW_YORK).date() + timedelta(days=1)
    assert waiting.status == "pending"
    assert waiting.next_action_at == datetime(tomorrow.year, tomorrow.month, tomorrow.day, 10, tzinfo=NEW_YORK)
    assert (listed.status, listed.conclusion_code) == ("failed_conclusive", "do_not_call")
    assert DoNotCall.objects.get().number == "+12025550105"
    assert dispatch_due(now()) == 0

    report = request_report(campaign, Report.Kind.SO_FAR, now())
    assert write_report(report.pk, now())
    written = latest_report(campaign)
    assert written is not None
    figures = {name: written.figures[name] for name in ("tasks", "completed", "failed", "open", "calls")}
    assert figures == {"tasks": 3, "completed": 1, "failed": 1, "open": 1, "calls": 3}
    assert written.model


def test_the_second_call_finishes_the_campaign_with_one_final_report(openai_server: OpenAIServer) -> None:
    campaign = confirmed()
    dispatch_due(now())
    talk_it_over()
    waiting = tasks_by_number(campaign)["+12025550104"]
    Task.objects.filter(pk=waiting.pk).update(next_action_at=now())
    assert dispatch_due(now()) == 1
    assert Call.objects.get(state=State.QUEUED).brief["earlier"].startswith("Call 1 on ")
    talk_it_over({"+12025550104": "Yes, I will keep the appointment."})
    campaign.refresh_from_db()
    assert campaign.status == "finished"
    assert figures_of([campaign.pk])[campaign.pk].completed == 2
    assert Report.objects.filter(campaign=campaign).values_list("kind", flat=True).get() == "final"
    assert [attempt.verdict is not None for attempt in attempts_of(waiting.pk)] == [True, True]
