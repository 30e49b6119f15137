from typing import Any

import pytest

from sandbox.openai.faults import MAX_FAULTS, BadFault, Fault, FaultTable, parse_fault

KINDS = {"chat": frozenset({"status", "hang"}), "realtime": frozenset({"status", "drop"})}


def test_a_fault_is_used_up_after_its_times() -> None:
    table = FaultTable()
    table.add(Fault("chat", "hang", times=2))

    taken = [table.take("chat", kinds=KINDS["chat"]) for _ in range(3)]

    assert [fault is not None for fault in taken] == [True, True, False]


def test_a_fault_of_a_role_waits_for_that_role() -> None:
    table = FaultTable()
    table.add(Fault("chat", "hang", role="verdict"))

    assert table.take("chat", kinds=KINDS["chat"], names=frozenset({"assistant_reply"})) is None
    assert table.take("chat", kinds=KINDS["chat"], names=frozenset({"verdict", "analyst"})) is not None


def test_a_fault_waits_for_its_target_and_for_a_moment_that_knows_its_kind() -> None:
    table = FaultTable()
    table.add(Fault("realtime", "drop"))

    assert table.take("chat", kinds=frozenset({"drop"})) is None
    assert table.take("realtime", kinds=frozenset({"status"})) is None
    assert table.take("realtime", kinds=frozenset({"drop"})) is not None


def test_the_first_fault_ordered_is_committed_first() -> None:
    table = FaultTable()
    table.add(Fault("chat", "status", status=500))
    table.add(Fault("chat", "status", status=429))

    taken = [table.take("chat", kinds=KINDS["chat"]) for _ in range(2)]

    assert [fault and fault.status for fault in taken] == [500, 429]


def test_a_full_table_takes_no_more() -> None:
    table = FaultTable()
    for _ in range(MAX_FAULTS):
        table.add(Fault("chat", "hang"))

    with pytest.raises(BadFault, match="DELETE"):
        table.add(Fault("chat", "hang"))


def test_a_status_alone_makes_a_fault_of_kind_status() -> None:
    fault = parse_fault({"status": 429, "retry_after": 1.5}, KINDS)

    error = fault.as_error()

    assert (fault.target, fault.kind, fault.times) == ("chat", "status", 1)
    assert (error.status, error.code) == (429, "rate_limit_exceeded")
    assert error.headers == {"retry-after": "1.5", "retry-after-ms": "1500"}


def test_code_and_message_of_a_status_can_be_chosen() -> None:
    error = parse_fault({"status": 429, "code": "insufficient_quota", "message": "Pay."}, KINDS).as_error()

    assert (error.code, error.type, error.message) == ("insufficient_quota", "insufficient_quota", "Pay.")


def test_what_the_table_does_not_know_is_kept_for_the_half_that_reads_it() -> None:
    fault = parse_fault({"target": "realtime", "kind": "drop", "after_ms": 300}, KINDS)

    assert fault.options == {"after_ms": 300}
    assert fault.as_json()["after_ms"] == 300


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"target": "mail", "kind": "hang"},
        {"target": ["chat"], "kind": "hang"},
        {"target": "chat", "kind": "drop"},
        {"status": 200},
        {"status": True},
        {"kind": "hang", "times": 0},
        {"kind": "hang", "times": "2"},
        {"kind": "hang", "role": 1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(body: Any) -> None:
    with pytest.raises(BadFault):
        parse_fault(body, KINDS)
