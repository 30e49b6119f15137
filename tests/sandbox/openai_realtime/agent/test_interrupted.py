"""The agent goes on where a connection broke off, as a model does that is told so."""

from audiogateway.realtime.history import GO_ON
from sandbox.openai.realtime.agent.brain import decide
from sandbox.openai.realtime.agent.turns import Turn
from tests.sandbox.openai_realtime.agent.scenes import INTRODUCED, OPENING, PURPOSE, callee, name_of, said_to, scene

ORDER = Turn("owner", GO_ON)
YES = said_to("Yes, that works for me.")


def test_a_sentence_that_was_cut_off_is_finished_and_the_call_is_ended_as_it_would_have_been() -> None:
    heard, rest = YES.speech[:30].rpartition(" ")[0], YES.speech[30:].lstrip()
    cut = Turn("agent", f"{heard} …")
    decision = decide(scene(*INTRODUCED, callee("Yes, that works for me."), cut, ORDER))
    assert f"{heard} {decision.speech}" == YES.speech
    assert decision.speech.endswith(rest)
    assert name_of(decision) == "end_call"


def test_a_filler_does_not_count_as_the_answer() -> None:
    filler = Turn("agent", "One moment, please.")
    assert decide(scene(*INTRODUCED, callee("Yes, that works for me."), filler, ORDER)) == YES


def test_two_interruptions_leave_the_rest_of_the_rest() -> None:
    words = YES.speech.split()
    first, second = Turn("agent", f"{' '.join(words[:3])} …"), Turn("agent", f"{' '.join(words[3:6])} …")
    decision = decide(scene(*INTRODUCED, callee("Yes, that works for me."), first, ORDER, second, ORDER))
    assert decision.speech == " ".join(words[6:])


def test_an_opening_that_was_cut_off_goes_on() -> None:
    cut = Turn("agent", f"{OPENING} …")
    assert decide(scene(callee("Hello?"), cut, ORDER)).speech == PURPOSE


def test_what_was_said_to_its_end_is_not_said_again() -> None:
    decision = decide(scene(*INTRODUCED, callee("Yes, that works for me."), Turn("agent", YES.speech), ORDER))
    assert (decision.speech, name_of(decision)) == ("", "end_call")


def test_without_an_order_to_go_on_nothing_changes() -> None:
    assert decide(scene(*INTRODUCED, callee("Yes, that works for me."))) == YES
