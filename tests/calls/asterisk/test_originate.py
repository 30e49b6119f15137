"""Originate through asterisk-ami: against the PBX stand-in, and against a peer that misbehaves."""

import math
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from calls.asterisk import originate
from calls.asterisk.dialer import Accepted, Answer, BadOrder, DialOrder, NotSent, PbxUnavailable, Refused, Unknown
from calls.asterisk.originate import AmiDialer, originate_action
from tests.calls.asterisk.peer import GREETING, Peer, scripted
from tests.calls.pbx import RINGS_FOR_EVER, SandboxPbx

ORDER = DialOrder(uuid.uuid4(), RINGS_FOR_EVER, "127.0.0.1:9092", "+12025550199", ring_timeout_seconds=300)


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """And no reader thread may outlive its session."""
    for name in ("LOGIN_SECONDS", "ANSWER_SECONDS", "LOGOFF_SECONDS"):
        monkeypatch.setattr(originate, name, 0.5)
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "ami-reader"]


def dialer(
    port: int,
    *,
    username: str = "opendeep",
    secret: str = "s3cret",
    dial_string: str = "PJSIP/{number}@trunk",
    context: str = "opendeep-out",
) -> AmiDialer:
    return AmiDialer("127.0.0.1", port, username, secret, dial_string, context)


def open_session(dialer: AmiDialer) -> None:
    with dialer.session():
        pass


def send(port: int, order: DialOrder = ORDER) -> Answer:
    with dialer(port).session() as session:
        (answer,) = session.originate([order], before=math.inf)
        return answer


# --- against the stand-in ---------------------------------------------------------------------------


def test_a_call_is_accepted_and_lives_under_its_id(pbx: SandboxPbx) -> None:
    order = replace(ORDER, call_id=uuid.uuid4())
    assert send(pbx.port, order) == Accepted()
    assert pbx.channels() == {str(order.call_id)}
    assert pbx.originates(order.call_id) == 1


def test_an_answer_that_is_lost_is_unknown_and_the_call_lives(pbx: SandboxPbx) -> None:
    order = replace(ORDER, call_id=uuid.uuid4())
    pbx.fault("SwallowOriginateResponse")
    assert isinstance(send(pbx.port, order), Unknown)
    assert pbx.originates(order.call_id) == 1


def test_a_refused_login_says_so(pbx: SandboxPbx) -> None:
    with pytest.raises(PbxUnavailable, match="refused the AMI login: Authentication failed"):
        open_session(dialer(pbx.port, secret="wrong"))


def test_a_context_that_does_not_exist_is_a_refusal(pbx: SandboxPbx) -> None:
    with dialer(pbx.port, context="nowhere").session() as session:
        assert session.originate([ORDER], before=math.inf) == [Refused("Extension does not exist.")]


# --- against a peer that misbehaves -----------------------------------------------------------------


def test_nobody_listens() -> None:
    with pytest.raises(PbxUnavailable, match="cannot be reached"):
        send(1)


def test_somebody_else_listens() -> None:
    with scripted(lambda peer: peer.send(b"SSH-2.0-OpenSSH_9.2\r\n")) as server, pytest.raises(PbxUnavailable):
        send(server.port)
    assert server.actions == []


def test_nothing_but_silence() -> None:
    with scripted(Peer.until_closed) as server, pytest.raises(PbxUnavailable, match="does not answer"):
        send(server.port)


def test_silence_after_the_greeting() -> None:
    def script(peer: Peer) -> None:
        peer.send(GREETING)
        peer.until_closed()

    with scripted(script) as server, pytest.raises(PbxUnavailable, match="does not answer"):
        send(server.port)
    assert server.named("Originate") == []


def test_a_connection_that_closes_at_the_login() -> None:
    with scripted(lambda peer: peer.send(GREETING)) as server, pytest.raises(PbxUnavailable):
        send(server.port)


def test_a_flood_in_place_of_a_greeting_is_not_kept() -> None:
    def script(peer: Peer) -> None:
        while True:
            peer.send(b"x" * 65_536)

    with scripted(script) as server, pytest.raises(PbxUnavailable):
        send(server.port)


def test_silence_after_originate_is_unknown_and_nothing_is_sent_again() -> None:
    def script(peer: Peer) -> None:
        peer.log_in()
        peer.until_closed()

    with scripted(script) as server:
        assert send(server.port) == Unknown("The PBX did not answer in time.")
    assert len(server.named("Originate")) == 1


def test_a_connection_lost_after_originate_is_unknown() -> None:
    def script(peer: Peer) -> None:
        peer.log_in()
        peer.receive()

    with scripted(script) as server:
        assert isinstance(send(server.port), Unknown)


def test_on_a_connection_that_is_lost_the_first_order_is_unknown_and_no_other_is_sent() -> None:
    with scripted(Peer.log_in) as server, dialer(server.port).session() as session:
        session.client.finished.wait(5)
        answers = session.originate([ORDER, replace(ORDER, call_id=uuid.uuid4())], before=math.inf)
    assert answers == [Unknown("The connection to the PBX was lost before its answer."), NotSent()]


def test_a_session_that_is_idle_for_longer_than_any_deadline_still_works() -> None:
    let_go = threading.Event()

    def script(peer: Peer) -> None:
        peer.log_in()
        let_go.wait(5)
        peer.answer(peer.receive(), "Success", "Originate successfully queued")
        peer.until_closed()

    with scripted(script) as server, dialer(server.port).session() as session:
        assert not threading.Event().wait(originate.ANSWER_SECONDS * 1.5)
        let_go.set()
        assert session.originate([ORDER], before=math.inf) == [Accepted()]


def test_events_and_answers_for_others_are_passed_over() -> None:
    def script(peer: Peer) -> None:
        peer.log_in()
        action = peer.receive()
        peer.send(b"Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n")
        peer.answer({"ActionID": "another"}, "Error", "not for you")
        peer.answer(action, "Error", "Extension does not exist.")
        peer.until_closed()

    with scripted(script) as server:
        assert send(server.port) == Refused("Extension does not exist.")


def test_several_orders_are_sent_before_the_first_is_answered_and_each_gets_its_own_answer() -> None:
    orders = [replace(ORDER, call_id=uuid.uuid4()) for _ in range(3)]

    def script(peer: Peer) -> None:
        peer.log_in()
        first, second, third = (peer.receive() for _ in orders)
        peer.answer(third, "Error", "Extension does not exist.")
        peer.answer(first, "Success", "Originate successfully queued")
        peer.until_closed()

    with scripted(script) as server, dialer(server.port).session() as session:
        answers = session.originate(orders, before=math.inf)
    assert answers == [Accepted(), Unknown("The PBX did not answer in time."), Refused("Extension does not exist.")]
    assert [action["ChannelId"] for action in server.named("Originate")] == [str(order.call_id) for order in orders]


def test_a_session_serves_again_after_one_that_came_too_late(pbx: SandboxPbx) -> None:
    good, late = (replace(ORDER, call_id=uuid.uuid4()) for _ in range(2))
    with dialer(pbx.port).session() as session:
        assert session.originate([good], before=math.inf) == [Accepted()]
        assert session.originate([late], before=0.0) == [NotSent()]
        assert session.originate([replace(ORDER, call_id=uuid.uuid4())], before=math.inf) == [Accepted()]
    assert (pbx.originates(good.call_id), pbx.originates(late.call_id)) == (1, 0)


def test_what_goes_onto_the_wire() -> None:
    def script(peer: Peer) -> None:
        peer.log_in()
        peer.answer(peer.receive(), "Success", "Originate successfully queued")
        peer.until_closed()

    with scripted(script) as server:
        assert send(server.port) == Accepted()
    (action,) = server.named("Originate")
    del action["Variable"]
    assert action == {
        "Action": "Originate",
        "ActionID": str(ORDER.call_id),
        "ChannelId": str(ORDER.call_id),
        "Channel": "PJSIP/+12025550102@trunk",
        "Context": "opendeep-out",
        "Exten": "s",
        "Priority": "1",
        "Timeout": "300000",
        "Async": "true",
        "CallerID": "+12025550199",
    }
    assert [line for line in server.lines if line.startswith("Variable")] == [
        f"Variable: OPENDEEP_CALL={ORDER.call_id}",
        "Variable: OPENDEEP_GATEWAY=127.0.0.1:9092",
    ]
    assert [headers["Action"] for headers in server.actions] == ["Login", "Originate", "Logoff"]


# --- values that must not reach the wire ------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"number": "+12025550100\r\nAction: Command"},
        {"number": "+12025550100&PJSIP/1900"},
        {"number": "12025550100"},
        {"number": "+١٢٣٤٥٦٧٨"},
        {"number": ""},
        {"caller_id": "Eve\r\nApplication: System"},
        {"caller_id": '"Eve" <+12025550100>'},
        {"gateway_address": "127.0.0.1"},
        {"gateway_address": "127.0.0.1:0"},
        {"gateway_address": "127.0.0.1:99999"},
        {"gateway_address": "127.0.0.1:9092,SHELL(id)=1"},
        {"gateway_address": "127.0.0.1:9092\n"},
        {"ring_timeout_seconds": 0},
        {"ring_timeout_seconds": 301},
    ],
)
def test_an_order_takes_nothing_unusual(fields: dict[str, str]) -> None:
    with pytest.raises(BadOrder):
        replace(ORDER, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["127.0.0.1:9092", "gateway-1.example.com:9092", "[::1]:9092"])
def test_an_order_takes_any_usual_address(address: str) -> None:
    assert replace(ORDER, gateway_address=address).gateway_address == address


@pytest.mark.parametrize(
    ("dial_string", "context"),
    [
        ("PJSIP/{number}@trunk\r\nX: y", "opendeep-out"),
        ("{number}", "opendeep-out"),
        ("PJSIP/{number}@trunk", "out\r\n"),
        ("PJSIP/{number}@trunk", ""),
    ],
)
def test_settings_that_make_no_action_are_refused(dial_string: str, context: str) -> None:
    with pytest.raises(BadOrder):
        originate_action(ORDER, dial_string, context)


def test_a_secret_with_a_line_end_is_not_sent() -> None:
    with scripted(Peer.until_closed) as server, pytest.raises(PbxUnavailable, match="line end"):
        open_session(dialer(server.port, secret="x\r\nAction: Ping"))
    assert server.actions == []
