"""The agent asks its owner in the middle of a call: in the browser, from the first word to the end of the task."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import flow
from tests.e2e.product import Api, RunningProduct, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

CURIOUS = "+12025550110"
SENTENCE = f"Ask {CURIOUS} whether they want to keep their appointment on Friday at ten."
ASKED_MS, SETTLED_MS = 60_000, 60_000
GAP_S = 150.0
"""A number that was dialled a moment ago has a minute of peace."""
ANSWER = "Yes, dogs are welcome."


NO_SOCKETS = """window.WebSocket = class {
    constructor() { setTimeout(() => this.onclose({ code: 1006 })); }
};"""
"""A network that lets no WebSocket through."""
POLL_MS = 15_000


@pytest.fixture
def page_without_sockets(browser: Browser, page: Page, product: RunningProduct) -> Iterator[Page]:
    """The same visitor in another browser, whose time stands still until it is moved on."""
    context = browser.new_context(base_url=product.url, storage_state=page.context.storage_state())
    deaf = context.new_page()
    deaf.add_init_script(NO_SOCKETS)
    deaf.clock.install()
    deaf.goto("/calls/")
    deaf.clock.pause_at(datetime.now(UTC) + timedelta(seconds=1))
    yield deaf
    context.close()


@pytest.mark.browser
def test_the_owner_answers_on_the_page_and_the_callee_hears_it(
    page: Page, page_without_sockets: Page, api: Api
) -> None:
    campaign = flow.execute(api, flow.plan_of(api, SENTENCE))
    page.goto("/do-not-call/")  # any page will do
    question = page.locator(".question.open")
    expect(question).to_contain_text("may I bring my dog?", timeout=ASKED_MS)
    expect(question.get_by_role("timer")).to_have_text("0:25", timeout=ASKED_MS)
    assert page.title().startswith("(1) ")

    polled = page_without_sockets.locator(".question.open")
    expect(polled).to_have_count(0)
    page_without_sockets.clock.fast_forward(POLL_MS)
    expect(polled).to_contain_text("may I bring my dog?")

    question.get_by_label("Your answer").press_sequentially(ANSWER)
    page.keyboard.press("Enter")
    expect(page.locator("[data-said]")).to_contain_text("The agent says it now.")
    expect(question).to_have_count(0)
    page_without_sockets.clock.fast_forward(POLL_MS)
    expect(polled).to_have_count(0)

    page.goto(f"/campaigns/{campaign}/")
    row = page.get_by_role("row").filter(has_text="0110")
    expect(row).to_contain_text("Done", timeout=SETTLED_MS)
    row.get_by_role("link", name="1 call").click()
    call = page.get_by_role("main")
    expect(call).to_contain_text("Thank you for waiting. Yes, dogs are welcome.")
    expect(call).to_contain_text("answered in time")


@pytest.mark.long
def test_a_late_answer_makes_another_call_that_knows_it(api: Api, product: RunningProduct) -> None:
    campaign = flow.execute(api, flow.plan_of(api, SENTENCE))
    question = wait_until("the agent asks", lambda: open_question(api), GAP_S)
    flow.ok(api.post(f"/api/calls/{question['call_id']}/hangup/", {}))
    waiting = wait_for(api, campaign, {"pending_user_info"})
    assert waiting["next_action_reason"] == f"waits for your answer: {question['text']}"
    answered = flow.ok(api.post(f"/api/questions/{question['id']}/answer/", {"answer": ANSWER}))
    assert answered["status"] == "answered_late"
    done = wait_for(api, campaign, {"completed", "failed_conclusive"})
    assert done["status"] == "completed"
    first, second = api.get(f"/api/tasks/{done['id']}/")["calls"]
    assert first["id"] == question["call_id"]
    said = [turn["text"] for turn in api.get(f"/api/calls/{second['id']}/transcript/")["turns"]]
    assert any(ANSWER in text for text in said)
    assert len([entry for entry in product.dialled() if entry["number"] == CURIOUS]) >= 2


def open_question(api: Api) -> Any:
    found = api.get("/api/questions/?waiting=true")["results"]
    return next((question for question in found if question["status"] == "open"), None)


def wait_for(api: Api, campaign: str, statuses: set[str]) -> Any:
    def look() -> Any:
        task = flow.tasks_by_number(api, campaign).get(CURIOUS)
        return task if task and task["status"] in statuses else None

    return wait_until(f"the task is {' or '.join(statuses)}", look, GAP_S)
