"""What a new user does in a browser, from the sentence to the report."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import flow
from tests.e2e.product import EMAIL, RunningProduct

pytestmark = [pytest.mark.processes, pytest.mark.browser, pytest.mark.timeout(300)]

ANSWER_MS, CALLS_MS = 20_000, 120_000


@pytest.fixture(scope="module")
def product(fragile: RunningProduct) -> RunningProduct:
    """Not the one that the API's way uses: there, the person who says never is on the list."""
    return fragile


def ask(page: Page, sentence: str) -> None:
    page.goto("/")
    page.get_by_role("textbox").first.fill(sentence)
    page.get_by_role("button", name="Ask").click()


def make_plan(page: Page, sentence: str) -> None:
    ask(page, sentence)
    page.get_by_label("On whose behalf").fill("Harbour Dental", timeout=ANSWER_MS)
    page.get_by_role("button", name="Send answers").click()
    expect(page.get_by_role("button", name=re.compile("Start calling|Call .* now"))).to_be_visible(timeout=ANSWER_MS)


def test_a_new_user_is_led_from_a_sentence_to_the_report(page: Page) -> None:
    make_plan(page, flow.SENTENCE)
    page.get_by_role("button", name="Start calling 3 people").click()
    page.wait_for_url("**/campaigns/**")

    rows = page.get_by_role("row")
    expect(rows.filter(has_text="0100")).to_contain_text("Done", timeout=CALLS_MS)
    expect(rows.filter(has_text="0105")).to_contain_text("Do not call", timeout=CALLS_MS)
    expect(rows.filter(has_text="0104")).to_contain_text("Tomorrow 10:00", timeout=CALLS_MS)
    campaign = page.url

    rows.filter(has_text="0100").get_by_role("link", name="1 call").click()
    transcript = page.get_by_role("main")
    expect(transcript).to_contain_text("AI assistant calling on behalf of Harbour Dental")
    expect(transcript).to_contain_text("Yes, that works for me.")

    page.goto("/do-not-call/")
    expect(page.get_by_role("main")).to_contain_text("+1 202-555-0105")

    page.goto(campaign)
    page.get_by_role("button", name="Report so far").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("0104", timeout=60_000)
    expect(page.get_by_role("main")).not_to_contain_text("Being written", timeout=60_000)


def test_the_form_keeps_what_was_typed_and_says_what_is_missing(page: Page) -> None:
    ask(page, "Ask these two whether Friday suits: +12025550182, +12025550183")
    field = page.get_by_label("On whose behalf")
    field.fill(" ", timeout=ANSWER_MS)
    page.locator("form[novalidate], form").last.evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Send answers").click()
    expect(page.get_by_role("button", name="Send answers")).to_be_visible()
    expect(page.get_by_label("On whose behalf")).to_be_visible()


def test_a_wrong_password_is_said_in_words(browser: Browser, product: RunningProduct) -> None:
    page = browser.new_page(base_url=product.url)
    page.goto("/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").filter(has_text="do not belong together")).to_be_visible()
    page.close()


def test_an_unknown_conversation_is_a_page_in_words(page: Page) -> None:
    answer = page.goto("/ask/00000000-0000-0000-0000-000000000000/")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("main")).to_contain_text("There is no such conversation")


@pytest.mark.parametrize("path", ["/", "/campaigns/", "/calls/", "/do-not-call/"])
def test_every_page_fits_a_phone(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_operators_pages_open(page: Page) -> None:
    page.goto("/admin/calls/call/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Select call")
