"""People are told why nothing goes out when a part is away; which part, as the first one that explains it."""

import pytest
from django.test import override_settings

from calls.services import readiness
from opendeep.core import alive
from opendeep.core.redis import connection


@pytest.fixture
def all_parts(redis_url: str) -> None:
    for part in (*readiness.PARTS, *readiness.PARTS_OF_A_PBX):
        alive.note(part)


def test_with_every_part_alive_nothing_stands_still(all_parts: None) -> None:
    assert readiness.standstill() == ""


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (["beat", "worker"], "The scheduler or its worker"),
        (["worker"], "The scheduler or its worker"),
        (["gateway"], "The voice gateway"),
        (["callcontrol"], "The telephone system"),
        (["pbx"], "The telephone system"),
    ],
)
def test_the_part_that_is_away_is_named(all_parts: None, away: list[str], said: str) -> None:
    connection().delete(*(alive.PREFIX + part for part in away))
    assert readiness.standstill().startswith(said)


def test_another_pbx_that_answers_is_enough(all_parts: None) -> None:
    with override_settings(OTHER_PBXS={"berlin": {}}):
        assert readiness.standstill() == ""


def test_without_redis_it_is_redis_that_is_named() -> None:
    assert readiness.standstill().startswith("The message broker (Redis) does not answer.")
