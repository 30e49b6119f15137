import json
from typing import Any

import pytest

from audiogateway.realtime.error_codes import ALREADY_ACTIVE
from audiogateway.responses import PATIENCE_MS, RETRY_MS, ResponseOwner


class Server:
    """Keeps what the owner sends. `ms` is the time."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.ms = 1_000
        self.owner = ResponseOwner(lambda event: self.asked.append(json.loads(event)), lambda: self.ms)

    def after(self, ms: int) -> bool:
        self.ms += ms
        return self.owner.on_time(self.ms)

    def refuses(self, code: str) -> bool:
        return self.owner.refused(code, self.asked[-1]["event_id"])


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def speaking(server: Server) -> Server:
    """The response r1 is running."""
    server.owner.ask()
    server.owner.created("r1")
    return server


def test_a_wish_is_granted_at_once_when_nothing_is_said(server: Server) -> None:
    server.owner.ask()
    assert server.asked == [{"type": "response.create", "event_id": "ask_1"}]


def test_a_wish_waits_for_the_end_of_the_running_response(speaking: Server) -> None:
    speaking.owner.ask()
    assert len(speaking.asked) == 1
    speaking.owner.done("r1")
    assert len(speaking.asked) == 2


def test_several_wishes_become_one_response(speaking: Server) -> None:
    speaking.owner.ask()
    speaking.owner.ask()
    speaking.owner.done("r1")
    assert len(speaking.asked) == 2
    speaking.owner.created("r2")
    speaking.owner.done("r2")
    assert len(speaking.asked) == 2


def test_a_wish_with_instructions_is_not_lost_to_a_plain_one(speaking: Server) -> None:
    speaking.owner.ask("Say goodbye.")
    speaking.owner.ask()
    speaking.owner.done("r1")
    assert speaking.asked[-1]["response"]["instructions"] == "Say goodbye."


def test_nothing_is_asked_while_the_callee_has_the_floor(server: Server) -> None:
    server.owner.callee_started()
    server.owner.ask()
    server.after(60_000)
    assert server.asked == []
    server.owner.callee_stopped()
    assert len(server.asked) == 1


def test_an_interrupted_response_is_cancelled_once(speaking: Server) -> None:
    assert speaking.owner.interrupt() == "r1"
    assert speaking.owner.interrupt() is None


def test_what_was_asked_for_before_an_interruption_is_not_wanted_any_more(server: Server) -> None:
    server.owner.ask()
    assert server.owner.interrupt() is None
    assert not server.owner.created("r1")


def test_the_answer_to_an_interruption_waits_for_the_end_of_what_was_interrupted(speaking: Server) -> None:
    speaking.owner.callee_started()
    speaking.owner.interrupt()
    speaking.owner.callee_stopped()
    speaking.owner.ask()
    assert len(speaking.asked) == 1
    speaking.owner.done("r1")
    assert len(speaking.asked) == 2


def test_a_response_that_nobody_asked_for_is_not_wanted(speaking: Server) -> None:
    speaking.owner.done("r1")
    assert not speaking.owner.created("r2")
    speaking.owner.ask()
    assert len(speaking.asked) == 1
    speaking.owner.done("r2")
    assert len(speaking.asked) == 2


def test_a_refused_wish_is_asked_again_after_the_other_response(server: Server) -> None:
    server.owner.ask()
    assert not server.refuses(ALREADY_ACTIVE)
    assert len(server.asked) == 1
    server.owner.done("r0")
    assert len(server.asked) == 2


def test_a_refused_wish_is_asked_again_after_a_while_when_nothing_ends(server: Server) -> None:
    server.owner.ask()
    server.refuses(ALREADY_ACTIVE)
    server.after(RETRY_MS - 1)
    assert len(server.asked) == 1
    server.after(1)
    assert len(server.asked) == 2


def test_a_server_that_does_not_say_which_event_it_refuses_is_understood(server: Server) -> None:
    server.owner.ask()
    server.owner.refused(ALREADY_ACTIVE)
    server.after(RETRY_MS)
    assert len(server.asked) == 2


def test_a_request_that_is_wrong_is_a_failure_and_asked_again(server: Server) -> None:
    server.owner.ask("Say hello.")
    assert server.refuses("rate_limit_exceeded")
    server.after(RETRY_MS)
    assert server.asked[-1]["response"]["instructions"] == "Say hello."


def test_errors_of_other_events_do_not_ask_again(server: Server) -> None:
    server.owner.ask()
    assert not server.owner.refused("response_cancel_not_active")
    assert not server.owner.refused("invalid_value", "another_event")
    server.owner.created("r1")
    server.owner.done("r1")
    server.after(RETRY_MS)
    assert len(server.asked) == 1


def test_a_response_that_is_never_announced_is_asked_for_again(server: Server) -> None:
    server.owner.ask()
    assert not server.after(PATIENCE_MS - 1)
    assert server.after(1)
    server.after(RETRY_MS)
    assert len(server.asked) == 2


def test_a_cancelled_response_that_never_ends_does_not_block_the_next_one(speaking: Server) -> None:
    speaking.owner.interrupt()
    speaking.owner.ask()
    assert not speaking.after(PATIENCE_MS - 1)
    assert speaking.after(1)
    assert len(speaking.asked) == 2


def test_a_long_response_is_let_alone(speaking: Server) -> None:
    speaking.owner.ask()
    assert not speaking.after(10 * PATIENCE_MS)
    assert len(speaking.asked) == 1


def test_the_end_of_another_response_does_not_free_the_way(speaking: Server) -> None:
    speaking.owner.ask()
    speaking.owner.done("r0")
    assert len(speaking.asked) == 1


def test_a_forgotten_wish_is_not_granted(speaking: Server) -> None:
    speaking.owner.ask()
    speaking.owner.forget()
    speaking.owner.done("r1")
    assert len(speaking.asked) == 1
    assert speaking.owner.is_idle


def test_what_a_lost_session_was_saying_is_asked_of_the_next_one(speaking: Server) -> None:
    speaking.owner.session_lost()
    speaking.owner.on_time(speaking.ms)
    assert (len(speaking.asked), speaking.owner.is_owed) == (1, True)
    speaking.owner.session_renewed()
    assert len(speaking.asked) == 2


def test_words_that_were_ordered_are_ordered_again(server: Server) -> None:
    server.owner.ask("Say goodbye.")
    server.owner.created("r1")
    server.owner.session_lost()
    assert not server.owner.goes_on
    server.owner.session_renewed()
    assert server.asked[0]["response"] == server.asked[1]["response"]


def test_what_the_callee_interrupted_is_not_asked_of_the_next_session(speaking: Server) -> None:
    speaking.owner.interrupt()
    speaking.owner.session_lost()
    assert speaking.owner.is_idle
    speaking.owner.session_renewed()
    assert len(speaking.asked) == 1


def test_a_callee_who_spoke_to_a_lost_session_does_not_hold_up_the_next_one(speaking: Server) -> None:
    speaking.owner.callee_started()
    speaking.owner.session_lost()
    speaking.owner.session_renewed()
    assert len(speaking.asked) == 2


def test_what_is_wished_for_without_a_session_waits_for_the_next_one(server: Server) -> None:
    server.owner.session_lost()
    server.owner.ask()
    assert server.asked == []
    server.owner.session_renewed()
    assert len(server.asked) == 1
