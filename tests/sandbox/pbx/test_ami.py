import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.pbx.ami import MAX_HEADERS, MAX_LINE_BYTES, Action, ActionReader, encode

ORIGINATE = (
    b"Action: Originate\r\nActionID: 1\r\nVariable: A=1\r\nvariable: B=2\r\nData:\r\nCallerID: Zo\xc3\xab <1>\r\n\r\n"
)


def read(*pieces: bytes) -> list[Action]:
    reader = ActionReader()
    return [action for piece in pieces for action in reader.feed(piece)]


def test_headers_are_found_whatever_their_case_and_may_repeat() -> None:
    (action,) = read(ORIGINATE)
    assert action.get("ACTION") == "Originate"
    assert action.get_all("Variable") == ["A=1", "B=2"]
    assert action.get("Data", "x") == ""
    assert action.get("Missing", "x") == "x"
    assert action.get("CallerID") == "Zoë <1>"


@pytest.mark.parametrize("at", range(len(ORIGINATE)))
def test_a_message_may_be_split_anywhere(at: int) -> None:
    assert read(ORIGINATE[:at], ORIGINATE[at:]) == read(ORIGINATE)


def test_line_feeds_alone_end_lines_and_the_space_may_be_missing() -> None:
    assert read(b"Action:Ping\nActionID:   7\n\n") == [Action([("Action", "Ping"), ("ActionID", "7")])]


def test_several_messages_arrive_together() -> None:
    assert [action.get("Action") for action in read(b"Action: A\r\n\r\nAction: B\r\n\r\nAction: C\r\n")] == ["A", "B"]


def test_a_line_over_the_limit_spoils_its_message_and_no_other() -> None:
    longest = b"Action: " + b"x" * (MAX_LINE_BYTES - 8)
    spoilt, good = read(longest + b"y\r\n\r\n" + longest + b"\r\n\r\n")
    assert spoilt.error == "Failed to parse message: line too long"
    assert good.error is None
    assert good.get("Action") == "x" * (MAX_LINE_BYTES - 8)


def test_headers_over_the_limit_spoil_their_message() -> None:
    fits, too_many = read(b"A: 1\r\n" * MAX_HEADERS + b"\r\n", b"A: 1\r\n" * (MAX_HEADERS + 1) + b"\r\n")
    assert fits.error is None
    assert too_many.error == "Too many lines in message or allocation failure"


def test_a_value_cannot_break_out_of_its_line() -> None:
    assert encode([("Message", "a\r\nAction: Hangup")]) == b"Message: a  Action: Hangup\r\n\r\n"


@given(st.binary(max_size=4000), st.lists(st.integers(0, 4000), max_size=8))
def test_any_bytes_in_any_pieces_give_the_same_actions(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[begin:end] for begin, end in zip(edges, edges[1:], strict=False)]
    assert read(*pieces) == read(data)


header = st.tuples(st.from_regex(r"[A-Za-z]{1,20}", fullmatch=True), st.from_regex(r"[!-~]{0,60}", fullmatch=True))


@given(st.lists(header, min_size=1, max_size=MAX_HEADERS))
def test_what_is_encoded_reads_back(headers: list[tuple[str, str]]) -> None:
    assert read(encode(headers)) == [Action(headers)]
