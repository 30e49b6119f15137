"""Asterisk's answering machine detection, where it is turned on: its guess reaches us and is written down."""

from collections.abc import Iterator

import pytest

from calls.models import CallEvent
from tests.e2e.line import Line, Voice, wait_for_end
from tests.rig.asterisk import RunningAsterisk
from tests.rig.sipp import Callee, answers_and_hangs_up

pytestmark = [
    pytest.mark.processes,
    pytest.mark.asterisk,
    pytest.mark.timeout(120),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("redis_url"),
]

NUMBER = "+12025550176"
LISTENS_S = 5.0
"""The longest that Asterisk listens (total_analysis_time in amd.conf)."""


@pytest.fixture
def detecting(asterisk: RunningAsterisk) -> Iterator[RunningAsterisk]:
    asterisk.command("dialplan set global OPENDEEP_AMD yes")
    yield asterisk
    asterisk.command("dialplan set global OPENDEEP_AMD no")


def test_what_asterisk_guesses_of_a_silent_telephone_is_an_event_of_the_call(detecting: RunningAsterisk) -> None:
    line = Line(detecting)
    with (
        Voice(bytes(8000), talk_s=None) as voice,
        line.listening(),
        Callee(detecting.trunk_port, answers_and_hangs_up(LISTENS_S + 1)),
    ):
        call = wait_for_end(line.place(NUMBER, voice.address))
    (guess,) = CallEvent.objects.filter(call=call, kind="machine_detection")
    assert (guess.source, guess.detail["status"]) == ("pbx", "NOTSURE")
    assert guess.detail["cause"].startswith("TOOLONG")
