"""Scripted talks for the tests of turn taking."""

import pytest

from tests.audiogateway.scripted_talk import Talk


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
