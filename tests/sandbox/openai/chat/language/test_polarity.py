import pytest

from sandbox.openai.chat.language.polarity import agrees


@pytest.mark.parametrize(
    "text",
    [
        "Yes, that works for me.",
        "Yes, please.",
        "Yeah, sure",
        "Of course I'll be there.",
        "That's fine.",
        "No problem, I'll come.",
        "I would like to keep it.",
        "I don't want to cancel it.",
        "Sorry for the noise, yes.",
        "Yes, I'm not going to miss it.",
        "Yes, please don't cancel it.",
    ],
)
def test_agreement_is_heard(text: str) -> None:
    assert agrees(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "No.",
        "No, thank you.",
        "I can't make it.",
        "Unfortunately I have to cancel.",
        "I will not come.",
        "I’m afraid that is too late",
        "Yes, I got it, but I can't come.",
        "I don't want a replacement",
        "I would like to cancel it.",
        "Yes, I want to cancel.",
    ],
)
def test_refusal_is_heard(text: str) -> None:
    assert agrees(text) is False


@pytest.mark.parametrize(
    "text", ["", "Hello?", "Who is this?", "Maybe.", "Well, let me think about it", "I don't know"]
)
def test_neither_is_neither(text: str) -> None:
    assert agrees(text) is None
