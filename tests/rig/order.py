"""Which worker of the stage of real processes takes what, and when: a long chain begins early, and none is the tail.

A file stays together, since its tests share what they start; files that share one running product stay together, too.
"""

import pytest
from xdist.scheduler import LoadFileScheduling

LONGEST_FIRST = {
    "the product": [
        "tests/e2e/test_whole_way_by_api.py",
        "tests/e2e/test_owner.py",
        "tests/e2e/test_transfer.py",
        "tests/e2e/test_model_away.py",
        "tests/e2e/test_bad_input.py",
    ],
    # The browser goes first: the others kill the processes.
    "the fragile product": ["tests/e2e/test_whole_way_in_browser.py", "tests/e2e/test_crashes.py"],
    "setbacks": ["tests/e2e/test_setbacks.py"],
    "a product at an Asterisk": ["tests/e2e/test_real_asterisk.py"],
    "races": ["tests/campaigns/races/test_processes.py"],
    "outcomes": ["tests/e2e/test_outcomes_on_asterisk.py"],
}
CHAINS = {file: chain for chain, files in LONGEST_FIRST.items() for file in files}
RANKS = {file: rank for rank, file in enumerate(CHAINS)}


class Chains(LoadFileScheduling):  # type: ignore[misc]
    """One chain after the other, each by one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return CHAINS.get(file, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling | None:
    return Chains(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: RANKS.get(item.nodeid.partition("::")[0], len(RANKS)))
