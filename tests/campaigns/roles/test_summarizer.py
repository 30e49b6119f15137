import pytest

from campaigns.roles.summarizer import CampaignReport, complaint

DATA = {"figures": {"tasks": 1200, "completed": 7}, "goal": "Friday at 10", "tasks": [{"conclusion": "Wants size 44."}]}


def report(text: str, headline: str = "Done.") -> CampaignReport:
    return CampaignReport(headline=headline, summary_markdown=text, next_steps=())


@pytest.mark.parametrize(
    "text", ["7 of 1,200 are done.", "7 of 1200.", "Friday at 10: size 44.", "1. First\n2. Second"]
)
def test_figures_of_the_data_may_be_used(text: str) -> None:
    assert complaint(report(text), DATA) is None


@pytest.mark.parametrize("text", ["8 are done.", "58% are done.", "7 of 120."])
def test_figures_that_stand_nowhere_are_sent_back(text: str) -> None:
    assert "do not stand in the data" in (complaint(report(text), DATA) or "")


def test_the_headline_is_read_too() -> None:
    assert complaint(report("Fine.", headline="99 reached."), DATA)
