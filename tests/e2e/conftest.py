"""Running products: one for the tests that do it no harm, and one for those who kill its parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, ViewportSize, sync_playwright

from tests.e2e.product import EMAIL, Api, RunningProduct

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def product() -> Iterator[RunningProduct]:
    with RunningProduct() as running:
        yield running
        started = running.processes()
        assert running.stop() == 0
        assert "Stopped." in running.output()
        assert not [process for process in started if process.is_running()], "Ctrl-C leaves nothing behind"


@pytest.fixture(scope="session")
def api(product: RunningProduct) -> Api:
    return Api(product.url, product.manage("create_api_token", EMAIL))


@pytest.fixture(scope="session")
def fragile() -> Iterator[RunningProduct]:
    """Another product. Nobody on it has said yet that they want no calls; its parts may be killed at last."""
    with RunningProduct() as running:
        yield running


@pytest.fixture(scope="session")
def fragile_api(fragile: RunningProduct) -> Api:
    return Api(fragile.url, fragile.manage("create_api_token", EMAIL))


@pytest.fixture(scope="module")
def browser(chromium_path: Path) -> Iterator[Browser]:
    """For one module only: the synchronous Playwright keeps an event loop running in this thread until it ends."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=str(chromium_path), headless=True, args=CHROMIUM_FLAGS)


@pytest.fixture(scope="module")
def signed_in(browser: Browser, product: RunningProduct) -> StorageState:
    """What a browser keeps of somebody who has signed in."""
    context = browser.new_context(base_url=product.url)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(product.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").first.wait_for(state="attached")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(browser: Browser, product: RunningProduct, signed_in: StorageState) -> Iterator[Page]:
    """A signed-in page of a fresh visitor, 1280 wide."""
    size: ViewportSize = {"width": 1280, "height": 900}
    context = browser.new_context(base_url=product.url, viewport=size, storage_state=signed_in)
    yield context.new_page()
    context.close()
