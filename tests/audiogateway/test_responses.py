import json

import pytest

from audiogateway.responses import ALREADY_ACTIVE, OWN_ANSWER_MS, ResponseOwner


class Server:
    """Keeps what the owner sends."""

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []
        self.owner = ResponseOwner(lambda event: self.asked.append(json.loads(event)))


@pytest.fixture
def server() -> Server:
    return Server()


def test_a_wish_is_granted_at_once_when_nothing_is_said(server: Server) -> None:
    server.owner.ask()
    assert server.asked == [{"type": "response.create"}]


def test_a_wish_waits_for_the_end_of_the_running_response(server: Server) -> None:
    server.owner.ask()
    server.owner.created("r1")
    server.owner.ask()
    assert len(server.asked) == 1
    server.owner.done("r1")
    assert len(server.asked) == 2


def test_several_wishes_become_one_response(server: Server) -> None:
    server.owner.created("r1")
    server.owner.ask()
    server.owner.ask()
    server.owner.done("r1")
    assert len(server.asked) == 1


def test_nothing_is_asked_while_the_callee_speaks_and_the_servers_own_answer_covers_the_wish(server: Server) -> None:
    server.owner.callee_started()
    server.owner.ask()
    server.owner.callee_stopped(0, answered_by_server=True)
    assert not server.owner.created("r1")
    server.owner.done("r1")
    assert server.asked == []


def test_a_server_that_does_not_answer_by_itself_is_asked_after_a_while(server: Server) -> None:
    server.owner.callee_started()
    server.owner.ask()
    server.owner.callee_stopped(1000, answered_by_server=True)
    server.owner.on_time(1000 + OWN_ANSWER_MS - 1)
    assert server.asked == []
    server.owner.on_time(1000 + OWN_ANSWER_MS)
    assert len(server.asked) == 1


def test_a_server_that_was_told_not_to_answer_is_asked_at_once(server: Server) -> None:
    server.owner.callee_started()
    server.owner.ask()
    server.owner.callee_stopped(0, answered_by_server=False)
    assert len(server.asked) == 1


def test_a_refused_wish_is_asked_again_after_the_other_response(server: Server) -> None:
    server.owner.ask()
    server.owner.refused(ALREADY_ACTIVE)
    assert len(server.asked) == 1
    server.owner.done("r0")
    assert len(server.asked) == 2


def test_the_servers_own_answer_that_was_taken_for_ours_does_not_swallow_the_wish(server: Server) -> None:
    server.owner.ask()
    server.owner.created("r0")
    server.owner.refused(ALREADY_ACTIVE)
    server.owner.done("r0")
    assert len(server.asked) == 2


def test_other_errors_do_not_ask_again(server: Server) -> None:
    server.owner.ask()
    server.owner.created("r1")
    server.owner.refused("response_cancel_not_active")
    server.owner.done("r1")
    assert len(server.asked) == 1


def test_the_end_of_another_response_does_not_free_the_way(server: Server) -> None:
    server.owner.created("r1")
    server.owner.ask()
    server.owner.done("r0")
    assert server.asked == []


def test_a_forgotten_wish_is_not_granted(server: Server) -> None:
    server.owner.created("r1")
    server.owner.ask()
    server.owner.forget()
    server.owner.done("r1")
    assert server.asked == []
    assert server.owner.is_idle


def test_it_is_told_which_response_was_asked_for(server: Server) -> None:
    server.owner.ask()
    assert server.owner.created("r1")
    server.owner.done("r1")
    assert not server.owner.created("r2")
