import pytest

from sandbox.personas import PERSONAS, Answers, Refuses, RingsForEver, all_phrases, persona_for
from sandbox.script import Say


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


def test_the_personas_of_this_issue_are_there() -> None:
    kinds = {persona.number: type(persona.signalling) for persona in PERSONAS}
    assert (
        kinds.items()
        >= {0: Answers, 1: Refuses, 2: RingsForEver, 4: Answers, 5: Answers, 7: Answers, 14: Refuses}.items()
    )
    assert len(kinds) == len(PERSONAS)


def test_the_catalogue_has_everything_that_anybody_says() -> None:
    phrases = all_phrases()
    assert len(phrases) == len(set(phrases))
    for persona in PERSONAS:
        script = persona.script
        for steps in (script.on_answer, *script.on_turn, script.on_more, script.on_goodbye or ()):
            assert {step.text for step in steps if isinstance(step, Say)} <= set(phrases)
