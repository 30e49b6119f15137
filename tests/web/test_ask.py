from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import Campaign, Conversation, Message
from campaigns.planning.plan import Plan
from campaigns.selectors import current_plan
from opendeep.accounts.models import Organization, User
from opendeep.core.clock import now
from tests.factories import make_conversation, plan_data
from tests.openai_server import OpenAIServer
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.django_db

SENTENCE = (
    "Ask these three numbers whether they want to keep their appointment on Friday at ten: "
    "+12025550100, +12025550104, +12025550105"
)
HOSTILE = "<script>alert(1)</script>"


def latest() -> Conversation:
    return Conversation.objects.get()


def url(conversation: Conversation, part: str = "") -> str:
    return f"/ask/{conversation.pk}/{part}"


def with_questions(user: User, *questions: dict[str, Any]) -> Conversation:
    conversation = make_conversation(user, status="needs_more_info")
    asked = [
        {"type": "text", "options": [], "required": True, "suggestion": None, "question": "Well?"} | question
        for question in questions
    ]
    Message.objects.create(
        conversation=conversation,
        position=0,
        role="assistant",
        text="Please tell me:",
        questions=asked,
        created_at=now(),
    )
    return conversation


def plan_form(plan: dict[str, Any], **changes: Any) -> dict[str, Any]:
    form = {name: plan[name] for name in ("title", "goal", "on_behalf_of", "opening", "instructions", "max_attempts")}
    form |= {"start_at": plan["start_at"] or "", "revision": "1"}
    form |= {
        "contact-name": [contact["name"] for contact in plan["contacts"]],
        "contact-phone": [contact["phone"] for contact in plan["contacts"]],
        "contact-index": [str(index) for index in range(len(plan["contacts"]))],
    }
    return form | changes


# --- The way ----------------------------------------------------------------------------------------


def test_a_sentence_becomes_a_form_then_a_plan_then_calls(page: Browser, openai_server: OpenAIServer) -> None:
    html = page.post("/", {"message": SENTENCE})
    assert 'name="answer-on_behalf_of"' in html
    html = page.post(url(latest(), "answers/"), {"answer-on_behalf_of": "Dr. Miller's office"})
    assert "Start calling 3 people" in html
    assert "+1 202-555-0104" in html
    html = page.post(url(latest(), "confirm/"), {"revision": "1"})
    assert "of 3 settled" in words_of(html)
    assert Campaign.objects.get().tasks.count() == 3


def test_confirming_twice_leads_to_the_same_campaign(page: Browser, alice: User, openai_server: OpenAIServer) -> None:
    conversation = make_conversation(alice, plan_data())
    for _ in range(2):
        page.post(url(conversation, "confirm/"), {"revision": "1"})
    assert Campaign.objects.count() == 1


def test_a_started_plan_leads_to_its_campaign_and_asks_for_nothing_more(
    page: Browser, alice: User, openai_server: OpenAIServer
) -> None:
    conversation = make_conversation(alice, plan_data())
    page.post(url(conversation, "confirm/"), {"revision": "1"})
    html = page.get(url(conversation))
    assert f"/campaigns/{Campaign.objects.get().pk}/" in html
    assert "Start calling" not in html
    assert "<textarea" not in html


# --- Messages ---------------------------------------------------------------------------------------


def test_the_empty_page_offers_examples_that_fill_the_box(page: Browser) -> None:
    assert "Nothing asked yet" in page.get("/")
    assert "book me a table</textarea>" in page.get("/?text=book+me+a+table")


def test_an_empty_message_is_refused_beside_the_box(page: Browser) -> None:
    html = page.post("/", {"message": "   "}, status=422)
    assert 'id="message-error"' in html
    assert not Conversation.objects.exists()


def test_a_message_that_is_too_long_is_kept_in_the_box(page: Browser) -> None:
    html = page.post("/", {"message": "x" * 10_001}, status=422)
    assert "too long" in html
    assert "x" * 10_001 in html


def test_a_message_that_no_database_could_keep_is_refused_in_words(page: Browser) -> None:
    assert "characters that cannot be kept" in page.post("/", {"message": "Call\0 them"}, status=400)
    assert not Conversation.objects.exists()


def test_when_the_model_fails_the_words_are_saved_and_can_be_tried_again(
    page: Browser, openai_server: OpenAIServer
) -> None:
    openai_server.fault(on="chat", status=401)
    html = page.post("/", {"message": SENTENCE})
    assert "Your words are saved." in html
    assert "Traceback" not in html
    openai_server.forget_faults()
    html = page.post(url(latest(), "retry/"))
    assert 'name="answer-on_behalf_of"' in html
    assert latest().messages.filter(role="user").count() == 1


def test_what_was_said_cannot_become_markup(page: Browser, alice: User) -> None:
    conversation = with_questions(
        alice,
        {"field": "a", "question": HOSTILE, "suggestion": HOSTILE},
        {"field": "b", "options": [HOSTILE, "no"], "type": "choice"},
    )
    Message.objects.filter(conversation=conversation).update(text=HOSTILE)
    Conversation.objects.update(title=HOSTILE)
    assert HOSTILE not in page.get(url(conversation))
    assert HOSTILE not in page.get("/")


def test_a_conversation_that_is_being_answered_waits_for_its_hint(page: Browser, alice: User) -> None:
    conversation = make_conversation(alice, replying_since=now())
    Message.objects.create(conversation=conversation, position=0, role="user", text="Hello", created_at=now())
    html = page.get(url(conversation))
    assert f'data-live="/ws/conversations/{conversation.pk}/"' in html
    assert "Try again" not in html
    html = page.post(url(conversation), {"message": "And now?"}, status=409)
    assert "still answering" in html
    assert latest().messages.count() == 1


# --- The form ---------------------------------------------------------------------------------------


def test_every_type_of_question_has_its_control(page: Browser, alice: User) -> None:
    many = ["a", "b", "c", "d", "e"]
    kinds = ["text", "textarea", "date", "time", "datetime", "phone", "number"]
    conversation = with_questions(
        alice,
        *({"field": kind, "type": kind} for kind in kinds),
        {"field": "few", "type": "choice", "options": ["yes", "no"], "suggestion": "no"},
        {"field": "many", "type": "choice", "options": many, "suggestion": "d"},
    )
    html = page.get(url(conversation))
    for kind in ("text", "date", "time", "datetime-local", "tel", "number", "radio"):
        assert f'type="{kind}"' in html
    assert '<textarea id="field-answer-textarea"' in html
    assert '<select id="field-answer-many"' in html
    assert 'value="no" checked' in html
    assert '<option value="d" selected>' in html


@pytest.mark.parametrize("kind", ["time", "datetime"])
def test_a_question_for_a_time_says_by_whose_clock_it_is_read(page: Browser, alice: User, kind: str) -> None:
    conversation = with_questions(alice, {"field": "when", "type": kind})
    html = page.get(url(conversation))
    assert '<p class="help" id="field-answer-when-help">Your time (Berlin).</p>' in html


def test_a_question_for_a_day_needs_no_clock(page: Browser, alice: User) -> None:
    assert "Your time" not in page.get(url(with_questions(alice, {"field": "when", "type": "date"})))


def test_wrong_answers_stand_beside_their_fields_and_what_was_typed_is_kept(page: Browser, alice: User) -> None:
    conversation = with_questions(
        alice, {"field": "who", "suggestion": "Me"}, {"field": "number", "type": "phone", "required": False}
    )
    html = page.post(url(conversation, "answers/"), {"answer-who": "", "answer-number": "12"}, status=422)
    assert "Please answer this question." in html
    assert "is not a telephone number" in html
    assert 'value="12"' in html
    assert 'value="Me"' not in html
    assert html.count('aria-invalid="true"') == 2
    assert latest().messages.count() == 1


def test_answers_to_a_form_that_is_gone_are_refused_in_words(page: Browser, alice: User) -> None:
    conversation = with_questions(alice, {"field": "who"})
    html = page.post(url(conversation, "answers/"), {"answer-other": "x"}, status=422)
    assert "were not asked" in html
    assert 'name="answer-who"' in html


def test_sent_answers_are_shown_with_their_questions(page: Browser, alice: User) -> None:
    conversation = with_questions(
        alice,
        {"field": "who", "question": "On whose behalf?"},
        {"field": "when", "question": "When?", "type": "datetime"},
    )
    given = {"who": "Dr. Lee", "when": "2026-11-27T10:00", "gone": "Yes."}
    Message.objects.create(conversation=conversation, position=1, role="user", answers=given, created_at=now())
    assert "On whose behalf? Dr. Lee When? Fri 27 Nov 2026 10:00 gone Yes." in words_of(page.get(url(conversation)))


# --- The plan ---------------------------------------------------------------------------------------


def test_the_plan_shows_everything_that_will_be_done(page: Browser, alice: User) -> None:
    plan = plan_data(contacts=[{"name": "Anna", "phone": "+12025550100", "variables": []}], start_at="2030-01-02T10:00")
    html = page.get(url(make_conversation(alice, plan)))
    seen = words_of(html)
    for part in (plan["title"], "Anna +1 202-555-0100", "Keeps the appointment yes / no", "at most 3 calls each"):
        assert part in seen
    assert "Call Anna Wed 2 Jan 2030 10:00" in seen
    assert html.count('class="primary"') == 1


def test_a_plan_says_who_cannot_be_called_and_what_keeps_all_calls_from_going_out(page: Browser, alice: User) -> None:
    conversation = make_conversation(alice, plan_data("+12025550100", "+19005550100"))
    seen = words_of(page.get(url(conversation)))
    assert "+1 900-555-0100 Cannot be called" in seen
    assert seen.count("Cannot be called") == 1
    assert "No calls would go out" not in seen
    Organization.objects.update(calling_paused=True)
    assert "No calls would go out: All calls of the organization are paused." in words_of(page.get(url(conversation)))


def test_a_plan_says_before_and_at_its_start_that_nobody_in_it_can_be_called(page: Browser, alice: User) -> None:
    some = make_conversation(alice, plan_data("+12025550100", "+19005550100"))
    assert "1 of these people cannot be called; the list says why." in words_of(page.get(url(some)))
    conversation = make_conversation(alice, plan_data("+19005550100", "+19005550101"))
    assert "Nobody in this plan can be called; the list says why." in words_of(page.get(url(conversation)))
    html = page.post(url(conversation, "confirm/"), {"revision": "1"}, status=422)
    assert "Nobody in this plan can be called." in words_of(html)
    assert "premium" in words_of(html)
    assert not Campaign.objects.exists()


def test_a_plan_for_one_says_whom_it_calls(page: Browser, alice: User) -> None:
    plan = plan_data(contacts=[{"name": "Anna", "phone": "+12025550100", "variables": []}])
    assert "Call Anna now" in page.get(url(make_conversation(alice, plan)))


def test_a_changed_plan_is_a_new_revision_and_keeps_what_is_known_of_people(page: Browser, alice: User) -> None:
    known = [{"name": "order", "value": "17"}]
    plan = plan_data(contacts=[{"name": "Anna", "phone": "+12025550100", "variables": known}])
    conversation = make_conversation(alice, plan)
    start = f"{now() + timedelta(days=3):%Y-%m-%dT10:00}"
    form = plan_form(plan, title="New title", max_attempts="2", start_at=start)
    form |= {
        "contact-name": ["Anna B.", "Ben", ""],
        "contact-phone": ["+1 202 555 0100", "+12025550101", ""],
        "contact-index": ["0", "", ""],
    }
    html = page.post(url(conversation, "plan/"), form)
    assert "Start calling 2 people" in html
    saved = current_plan(conversation)
    assert saved is not None
    assert (saved[1], saved[0]["title"], saved[0]["max_attempts"], saved[0]["start_at"]) == (
        2,
        "New title",
        2,
        start,
    )
    assert [contact["phone"] for contact in saved[0]["contacts"]] == ["+12025550100", "+12025550101"]
    assert [contact["variables"] for contact in saved[0]["contacts"]] == [known, []]
    assert saved[0]["result_fields"] == plan["result_fields"]


def test_people_can_be_taken_out_of_the_plan(page: Browser, alice: User) -> None:
    plan = plan_data("+12025550100", "+12025550101")
    conversation = make_conversation(alice, plan)
    rows = {"contact-name": [""], "contact-phone": ["+12025550101"], "contact-index": ["1"]}
    page.post(url(conversation, "plan/"), plan_form(plan, **rows))
    saved = current_plan(conversation)
    assert saved is not None
    assert [contact["phone"] for contact in saved[0]["contacts"]] == ["+12025550101"]


def test_a_plan_changed_into_nonsense_comes_back_with_what_was_typed(page: Browser, alice: User) -> None:
    plan = plan_data()
    conversation = make_conversation(alice, plan)
    form = plan_form(plan, title="", max_attempts="many", **{"contact-phone": ["twelve"]})
    html = page.post(url(conversation, "plan/"), form, status=422)
    assert "This must not be empty." in html
    assert "whole number" in html
    assert "“twelve” is not a telephone number" in html
    assert 'value="twelve"' in html
    assert current_plan(conversation) == (Plan.from_user(plan).to_json(), 1)


def test_an_end_before_the_start_stands_beside_its_field_with_all_other_mistakes(page: Browser, alice: User) -> None:
    plan = plan_data()
    conversation = make_conversation(alice, plan)
    begin = now() + timedelta(days=3)
    times = {"start_at": f"{begin:%Y-%m-%dT%H:%M}", "end_at": f"{begin - timedelta(days=1):%Y-%m-%dT%H:%M}"}
    html = page.post(url(conversation, "plan/"), plan_form(plan, title="", **times), status=422)
    assert '<p class="field-error" id="field-end_at-error">The end lies before the start.</p>' in html
    assert "This must not be empty." in html
    assert page.post(url(conversation, "plan/"), plan_form(plan, **times), status=422).count("field-error") == 1
    assert current_plan(conversation) == (Plan.from_user(plan).to_json(), 1)


def test_a_plan_without_people_is_refused_in_words(page: Browser, alice: User) -> None:
    plan = plan_data()
    rows = {"contact-name": [""], "contact-phone": [""], "contact-index": ["0"]}
    html = page.post(url(make_conversation(alice, plan), "plan/"), plan_form(plan, **rows), status=422)
    assert "needs at least 1" in html


@pytest.mark.parametrize("part", ["confirm/", "plan/"])
def test_a_plan_that_moved_on_is_neither_confirmed_nor_overwritten(page: Browser, alice: User, part: str) -> None:
    plan = plan_data()
    conversation = make_conversation(alice, plan)
    html = page.post(url(conversation, part), plan_form(plan, title="Mine", revision="7"), status=409)
    assert "has changed since" in html
    assert not Campaign.objects.exists()
    assert current_plan(conversation) == (Plan.from_user(plan).to_json(), 1)


def test_a_plan_with_thousands_of_people_shows_some_and_counts_the_rest(page: Browser, alice: User) -> None:
    numbers = [f"+1202555{number:04d}" for number in range(1000)]
    conversation = make_conversation(alice, plan_data(*numbers))
    assert "and 900 more" in words_of(page.get(url(conversation)))
    assert "contact-phone" not in page.get(url(conversation, "plan/"))


# --- Strangers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["", "plan/", "answers/", "confirm/"])
def test_strangers_find_nothing(strange_page: Browser, alice: User, part: str) -> None:
    conversation = make_conversation(alice, plan_data())
    strange_page.get(url(conversation, part), status=404)


@pytest.mark.parametrize("part", ["", "answers/", "retry/", "plan/", "confirm/"])
def test_strangers_change_nothing(strange_page: Browser, alice: User, part: str) -> None:
    conversation = make_conversation(alice, plan_data())
    strange_page.post(url(conversation, part), plan_form(plan_data(), message="Hello"), status=404)
    assert conversation.messages.count() == 1
    assert not Campaign.objects.exists()


def test_what_happens_at_a_voicemail_is_chosen_in_the_plan_and_shown(page: Browser, alice: User) -> None:
    plan = plan_data(result_fields=[])
    conversation = make_conversation(alice, plan)
    assert "When a voicemail answers Do what the instructions say" in words_of(page.get(url(conversation)))
    html = page.post(url(conversation, "plan/"), plan_form(plan, voicemail="leave_message"))
    assert "Leave a message after the beep; that completes the call" in words_of(html)
    html = page.post(url(conversation, "plan/"), plan_form(plan, voicemail="shout", revision="2"), status=422)
    assert "This must be one of" in html
    saved = current_plan(conversation)
    assert saved is not None
    assert saved[0]["voicemail"] == "leave_message"


def test_how_urgent_it_is_beside_other_campaigns_is_chosen_in_the_plan(page: Browser, alice: User) -> None:
    plan = plan_data()
    conversation = make_conversation(alice, plan)
    assert "Before others: it is urgent" in words_of(page.get(url(conversation, "plan/")))
    page.post(url(conversation, "plan/"), plan_form(plan, priority="high"))
    saved = current_plan(conversation)
    assert saved is not None
    assert saved[0]["priority"] == "high"
