"""Scripted talks for the tests of turn taking, and a session for those of how a talk begins and ends."""

import pytest

from tests.audiogateway.scripted_talk import Talk
from tests.audiogateway.stage import Stage


@pytest.fixture
async def stage() -> Stage:
    """A talk whose line is up; nobody has said a word."""
    stage = Stage()
    stage.connect()
    return stage


@pytest.fixture
def talk() -> Talk:
    """The callee begins, and has not said a word."""
    return Talk()


@pytest.fixture
def greeting() -> Talk:
    """The agent begins: its first sentence of two seconds is made before the line comes."""
    talk = Talk(agent_begins=True)
    talk.agent_answers("r1", "a1", "Hello, this is an AI assistant. Do you have a moment?", 2000)
    return talk
