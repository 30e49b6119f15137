"""The queue of writes, with functions in memory instead of the facade."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from unittest.mock import Mock

import pytest
from django.db.utils import InterfaceError, OperationalError

from audiogateway import store as store_module
from audiogateway.store import CallStore, Write, Writer
from opendeep.core.errors import NotFound
from tests.audiogateway.fakes import CALL_ID, NOW


class Database:
    """Takes writes in order; is away as often as told."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.away: list[Exception] = []

    def write(self, row: str) -> Callable[[], str]:
        def run() -> str:
            if self.away:
                raise self.away.pop(0)
            self.rows.append(row)
            return row

        return run


async def in_this_thread(function: Callable[[], Any]) -> Any:
    await asyncio.sleep(0)
    return function()


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(store_module, "RETRY_SECONDS", 0)
    return Database()


@pytest.fixture
async def writer() -> AsyncIterator[Writer]:
    writer = Writer(in_this_thread)
    task = asyncio.get_running_loop().create_task(writer.run())
    yield writer
    task.cancel()


def put(writer: Writer, database: Database, *rows: str) -> None:
    for row in rows:
        writer.put(Write(CALL_ID, row, database.write(row)))


async def test_writes_happen_in_order(writer: Writer, database: Database) -> None:
    put(writer, database, "a", "b", "c")
    await writer.flushed()
    assert database.rows == ["a", "b", "c"]


async def test_nothing_waits_for_a_write(writer: Writer, database: Database) -> None:
    put(writer, database, "a")
    assert (database.rows, writer.backlog) == ([], 1)


@pytest.mark.parametrize("away", [OperationalError("locked"), InterfaceError("closed")])
async def test_a_database_that_is_away_is_waited_for_and_nothing_overtakes(
    writer: Writer, database: Database, away: Exception
) -> None:
    database.away = [away] * 3
    put(writer, database, "a", "b")
    await writer.flushed()
    assert database.rows == ["a", "b"]


@pytest.mark.parametrize("poison", [NotFound("no such call"), ValueError("a fault of ours")])
async def test_a_poisoned_write_does_not_stop_the_others(writer: Writer, database: Database, poison: Exception) -> None:
    database.away = [poison]
    put(writer, database, "a", "b")
    await writer.flushed()
    assert database.rows == ["b"]


async def test_beyond_the_bound_the_newest_is_lost_and_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "MAX_WAITING", 2)
    writer = Writer(in_this_thread)
    put(writer, database, "a", "b", "c")
    assert (writer.backlog, writer.lost) == (2, 1)


async def test_a_result_is_told(writer: Writer, database: Database) -> None:
    results: list[str] = []
    writer.put(Write(CALL_ID, "a", database.write("a"), results.append))
    await writer.flushed()
    assert results == ["a"]


async def test_a_call_that_is_not_expected_is_refused(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    media_up = Mock(return_value=False)
    monkeypatch.setattr("calls.facade.media_up", media_up)
    refused = Mock()
    CallStore(writer, "gateway-1").media_up(CALL_ID, at=NOW, on_refused=refused)
    await writer.flushed()
    media_up.assert_called_once_with(CALL_ID, gateway_id="gateway-1", at=NOW)
    refused.assert_called_once_with()


async def test_a_call_is_not_refused_for_our_own_first_try(
    writer: Writer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first try may have been committed before the connection was lost; the second one then changes nothing."""
    monkeypatch.setattr("calls.facade.media_up", Mock(side_effect=[OperationalError("lost"), False]))
    refused = Mock()
    CallStore(writer, "gateway-1").media_up(CALL_ID, at=NOW, on_refused=refused)
    await writer.flushed()
    refused.assert_not_called()


async def test_every_write_reaches_the_facade_with_what_it_was_given(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["voice_ready", "voice_failed", "record_turns", "record_event", "record_usage", "record_figures"]
    names += ["request_reschedule", "mark_do_not_call", "talk_over"]
    facade = {name: Mock() for name in names}
    for name, mock in facade.items():
        monkeypatch.setattr(f"calls.facade.{name}", mock)
    store = CallStore(writer, "gateway-1")
    store.voice_ready(CALL_ID, at=NOW)
    store.voice_failed(CALL_ID, reason="full", at=NOW)
    store.record_turns(CALL_ID, [])
    store.record_event(CALL_ID, kind="k", source="agent", detail={}, at=NOW, command_id="c")
    store.record_usage(CALL_ID, [], at=NOW)
    store.record_figures(CALL_ID, {"a": 1})
    store.request_reschedule(CALL_ID, when=NOW, reason="r", at=NOW, command_id="c")
    store.mark_do_not_call(CALL_ID, reason="r", source="call", at=NOW)
    store.talk_over(CALL_ID, cause="agent_ended", at=NOW)
    await writer.flushed()
    facade["voice_ready"].assert_called_once_with(CALL_ID, gateway_id="gateway-1", at=NOW)
    facade["voice_failed"].assert_called_once_with(CALL_ID, gateway_id="gateway-1", reason="full", at=NOW)
    facade["record_turns"].assert_called_once_with(CALL_ID, [])
    facade["record_event"].assert_called_once_with(CALL_ID, kind="k", source="agent", detail={}, at=NOW, command_id="c")
    facade["record_usage"].assert_called_once_with(CALL_ID, [], at=NOW)
    facade["record_figures"].assert_called_once_with(CALL_ID, {"a": 1})
    facade["request_reschedule"].assert_called_once_with(CALL_ID, when=NOW, reason="r", at=NOW, command_id="c")
    facade["mark_do_not_call"].assert_called_once_with(CALL_ID, reason="r", source="call", at=NOW)
    facade["talk_over"].assert_called_once_with(CALL_ID, gateway_id="gateway-1", cause="agent_ended", at=NOW)
