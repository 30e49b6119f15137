"""The agent's own voice that comes back from the telephone says nothing about who is at the other end."""

import pytest

from audiogateway.conduct import Manner
from audiogateway.realtime import events
from tests.audiogateway.callee.test_reception import GREETING, HOLD, Call


async def agent_says(call: Call, text: str) -> None:
    """And the model tells the words of it."""
    call.session.dialogue.speak()
    await call.answer(1000)
    call.tell(events.AgentTranscript("ar1", text))


@pytest.fixture
def echoing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own ears take every speech for an echo (audiogateway.echo says when they do)."""
    monkeypatch.setattr("audiogateway.floor.Floor.was_echo", lambda floor, item_id: True)


@pytest.mark.usefixtures("echoing")
@pytest.mark.parametrize("words", [HOLD, GREETING, "Would you like to keep your appointment on Friday?"])
async def test_what_the_agent_said_itself_labels_nobody(words: str) -> None:
    call = Call("hang_up")
    await agent_says(call, words)
    for _ in range(3):
        await call.say(words)
    assert (call.store.callee, call.store.over, call.manner) == ([], [], Manner.TALK)


@pytest.mark.usefixtures("echoing")
async def test_a_telephone_that_only_gives_back_the_agents_voice_is_silent() -> None:
    call = Call()
    await agent_says(call, "Hello? Can you hear me?")
    await call.say("Hello? Can you hear me?")
    await call.run(8)
    call.session.on_line_closed("closed by the PBX")
    assert call.store.callee == ["silence"]


@pytest.mark.usefixtures("echoing")
async def test_other_words_than_the_agents_are_the_callees_whatever_our_ears_believe() -> None:
    call = Call()
    await agent_says(call, "Would you like to keep your appointment on Friday?")
    await call.say(HOLD)
    assert call.manner is Manner.HOLD
