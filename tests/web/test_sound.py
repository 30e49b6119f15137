"""How a talk sounded, and what it cost, on the page of the call."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.models import Usage
from calls.states import State
from calls.web.costs import cost_lines
from calls.web.sound import REPLIES_SHOWN, measures, replies, warnings
from opendeep.accounts.models import Organization
from tests.factories import NOW, make_call
from tests.web.conftest import Browser, words_of


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"late_frames": 14}, "The agent's sound arrived late 14 times: the gateway was too busy for a moment."),
        ({"late_frames": 1}, "The agent's sound arrived late once: the gateway was too busy for a moment."),
        ({"skipped_frames": 15}, "0.3 s of the agent's sound were left out: the gateway had stood still."),
        ({"underruns": 2}, "The agent's voice broke off in a sentence twice: the model sent it too slowly."),
        ({"voice_losses": 1}, "The connection to the model was lost once and made again."),
        ({"voice_to_voice_ms": [800, 3000, 9000]}, "The callee waited twice for more than 3 seconds for an answer."),
        ({"recording_dropped_ms": 500}, "0.5 s are missing in the recording: the disk was too slow."),
    ],
)
def test_what_the_callee_may_have_noticed_is_said_in_plain_words(figures: dict[str, Any], said: str) -> None:
    assert warnings(figures) == [said]


@pytest.mark.parametrize("figures", [{}, {"late_frames": 0, "voice_to_voice_ms": [700], "underruns": 0}])
def test_a_talk_that_went_well_has_no_warnings(figures: dict[str, Any]) -> None:
    assert warnings(figures) == []


def test_interruptions_say_how_soon_the_agent_was_silent() -> None:
    said = dict(measures({"interruptions": 2, "barge_in_ms": [60, 140]}))
    assert (said["Interrupted"], said["Silent then after"]) == ("2 times", "0.1 s median, 0.1 s longest")


def test_the_picture_says_each_reply_and_colours_the_slow_ones() -> None:
    picture = replies({"voice_to_voice_ms": [700, 1800, 4000]})
    assert picture is not None
    assert picture.said == "Replies came after 0.7 s, 1.8 s, 4.0 s."
    assert [(bar.tone, bar.height) for bar in picture.bars] == [("ok", 17.5), ("wait", 45.0), ("stop", 100.0)]
    assert replies({}) is None


@given(st.lists(st.integers(0, 60_000), min_size=1, max_size=200))
def test_bars_stay_inside_the_picture_however_many_and_slow_they_are(times: list[int]) -> None:
    picture = replies({"voice_to_voice_ms": times})
    assert picture is not None
    assert len(picture.bars) == min(len(times), REPLIES_SHOWN)
    for bar in picture.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= 100.01
        assert bar.y >= -0.01
        assert 99.9 < bar.y + bar.height < 100.1


def use(model: str = "gpt-realtime-2.1", seconds: float = 0, at: datetime = NOW, **tokens: int) -> Usage:
    return Usage(model=model, tokens=tokens, seconds=seconds, at=at)


def test_costs_are_told_by_kind_with_the_price_and_its_date() -> None:
    lines = cost_lines(
        [use(input_text=1000, output_audio=2000), use(output_audio=500), use("gpt-transcribe", seconds=60)]
    )
    told = [(line.model, line.kind, line.amount, line.price, line.cost) for line in lines]
    assert told == [
        ("gpt-realtime-2.1", "spoken", "2,500 tokens", "$64.00 a million, since 28 Aug 2025", "$0.16"),
        ("gpt-transcribe", "written down", "60.0 s", "$0.006 a minute, since 20 Mar 2025", "under $0.01"),
        ("gpt-realtime-2.1", "read", "1,000 tokens", "$4.00 a million, since 28 Aug 2025", "under $0.01"),
    ]


def test_a_model_without_a_price_is_told_as_such() -> None:
    (line,) = cost_lines([use("unheard-of", output_audio=10)])
    assert (line.price, line.cost) == ("no price known", "$0.00")
    (early,) = cost_lines([use(at=datetime(2020, 1, 1, tzinfo=UTC), output_audio=10)])
    assert early.price == "no price known"


@pytest.mark.django_db
def test_the_page_shows_the_picture_the_warnings_and_the_costs(page: Browser, acme: Organization) -> None:
    figures = {"voice_to_voice_ms": [700, 900], "late_frames": 14, "underruns": 0}
    call = make_call(State.ENDED, organization=acme, figures=figures, cost_microcents=16_000_000)
    Usage.objects.create(
        call=call, source="realtime", item_id="1", model="gpt-realtime-2.1", tokens={"output_audio": 2500}, at=NOW
    )
    html = page.get(f"/calls/{call.pk}/")
    seen = words_of(html)
    assert "Replies came after 0.7 s, 0.9 s." in seen
    assert "arrived late 14 times" in seen
    assert "spoken 2,500 tokens $64.00 a million, since 28 Aug 2025 $0.16" in seen
    assert html.count("<rect") == 2


def test_sound_in_a_wrong_format_is_said_too() -> None:
    said = warnings({"quality_warnings": ["line_rate", "something newer"]})
    assert said == ["The PBX sent the callee's sound at another rate than the trunk is set to."]
