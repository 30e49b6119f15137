import re

import pytest

from sandbox.personas import PERSONAS, Answers, Refuses, RingsForEver, all_phrases, persona_for


@pytest.mark.parametrize("number", ["+12025550104", "12025550104", "2025550104"])
def test_the_last_two_digits_choose_the_persona(number: str) -> None:
    persona = persona_for(number)
    assert persona is not None
    assert persona.number == 4


def test_a_number_without_a_row_is_a_helpful_person() -> None:
    assert persona_for("+12025550199") == persona_for("+12025550100")


@pytest.mark.parametrize("number", ["+12025550200", "+120255501", "+442025550104", "+1202555010x", "", "+120255501044"])
def test_nobody_lives_outside_the_range_reserved_for_fiction(number: str) -> None:
    assert persona_for(number) is None


def test_every_number_of_the_table_has_its_kind_of_telephone() -> None:
    kinds = {persona.number: type(persona.signalling) for persona in PERSONAS}
    assert kinds == dict.fromkeys([*range(20), 30, 31], Answers) | {
        1: Refuses,
        2: RingsForEver,
        12: Refuses,
        14: Refuses,
    }
    assert len(kinds) == len(PERSONAS)


def test_only_one_telephone_sends_no_audio() -> None:
    assert [persona.number for persona in PERSONAS if not persona.sends_audio] == [15]


def test_the_catalogue_has_everything_that_anybody_says_once() -> None:
    phrases = all_phrases()
    assert len(phrases) == len(set(phrases))
    everything = repr([persona.script for persona in PERSONAS])
    assert set(re.findall(r"Say\(text='([^']*)'", everything.replace('"', "'"))) == set(phrases)
