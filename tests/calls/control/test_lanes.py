"""Order within a call, patience with the database, and news that come too fast."""

import asyncio
import uuid
from contextlib import suppress

import pytest
from asgiref.sync import async_to_sync
from django.db import OperationalError

from calls.asterisk.ami_codec import AmiMessage
from calls.asterisk.signals import Ringing, Vanished
from calls.control import database, news
from calls.control.database import in_database
from calls.control.lanes import Lanes
from calls.control.news import News


async def test_a_lane_ends_although_its_work_has_forgotten_the_cancellation() -> None:
    began = asyncio.Event()

    async def forgetful(_: int) -> None:
        began.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    lanes = Lanes(forgetful)
    running = asyncio.create_task(lanes.run())
    await lanes.submit(uuid.UUID(int=0), 1)
    await began.wait()
    running.cancel()
    await asyncio.wait([running], timeout=5)
    assert running.done()


async def test_work_for_one_call_keeps_its_order_and_does_not_wait_for_other_calls() -> None:
    slow, quick = uuid.UUID(int=0), uuid.UUID(int=1)
    go = asyncio.Event()
    done: list[tuple[uuid.UUID, int]] = []

    async def handle(work: tuple[uuid.UUID, int]) -> None:
        if work == (slow, 0):
            await go.wait()
        done.append(work)
        if len(done) == 2 and not go.is_set():
            go.set()

    lanes = Lanes(handle)
    running = asyncio.create_task(lanes.run())
    for call_id in (slow, quick):
        for n in range(2):
            await lanes.submit(call_id, (call_id, n))
    await lanes.drained()
    running.cancel()
    assert done == [(quick, 0), (quick, 1), (slow, 0), (slow, 1)]


async def test_one_bad_piece_of_work_does_not_stop_the_next(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []

    async def handle(work: int) -> None:
        done.append(1 // work)

    lanes = Lanes(handle)
    running = asyncio.create_task(lanes.run())
    for work in (0, 1):
        await lanes.submit(uuid.UUID(int=0), work)
    await lanes.drained()
    running.cancel()
    assert done == [1]
    assert "ZeroDivisionError" in caplog.text


async def test_a_database_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "FIRST_PAUSE_SECONDS", 0.001)
    answers = iter([OperationalError("server closed the connection"), OperationalError("connection refused"), None])

    def write(value: int) -> int:
        error = next(answers)
        if error is not None:
            raise error
        return value * 2

    assert await in_database(write, 21) == 42


def test_too_much_news_asks_for_a_reconciliation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "QUEUE_LENGTH", 2)
    inbox = News()
    for _ in range(2):
        inbox.receive(AmiMessage((("Event", "Hangup"), ("Uniqueid", str(uuid.uuid4())))))
    assert not inbox.overrun.is_set()
    inbox.receive(AmiMessage((("Event", "Hangup"), ("Uniqueid", "1732292800.7"))))
    assert not inbox.overrun.is_set()
    inbox.receive(AmiMessage((("Event", "Hangup"), ("Uniqueid", str(uuid.uuid4())))))
    assert inbox.overrun.is_set()


async def test_what_was_asked_for_waits_for_room_in_a_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "QUEUE_LENGTH", 1)
    inbox = News()
    inbox.put(Ringing(uuid.uuid4()))
    asked_for = Vanished(uuid.uuid4())
    waiting = asyncio.create_task(inbox.put_in_time(asked_for))
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox._queue.get_nowait()
    await waiting
    assert inbox._queue.get_nowait().news == asked_for


async def test_a_cancellation_that_comes_while_the_work_waits_for_something_asynchronous_counts() -> None:
    begun = asyncio.Event()

    async def hint() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):  # as clients do that have their answer at the same moment
            await asyncio.Event().wait()

    task = asyncio.create_task(in_database(async_to_sync(hint)))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
