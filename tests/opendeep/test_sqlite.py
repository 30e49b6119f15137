"""SQLite with several writers."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.utils import OperationalError

from opendeep.core.sqlite3 import base
from opendeep.core.sqlite3.base import DatabaseWrapper
from opendeep.settings import database


@pytest.fixture
def other_writer(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Holds the write lock of the database `file` in `tmp_path`."""
    connection = sqlite3.connect(tmp_path / "file", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (n)")
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


pytestmark = pytest.mark.django_db(transaction=True)


def connected(path: Path, timeout: float) -> DatabaseWrapper:
    config = database(f"sqlite:///{path}")
    defaults = {"AUTOCOMMIT": True, "ATOMIC_REQUESTS": False, "TIME_ZONE": None, "CONN_HEALTH_CHECKS": False}
    options = config["OPTIONS"] | {"timeout": timeout}
    wrapper = DatabaseWrapper({**defaults, **config, "OPTIONS": options}, "other")
    wrapper.inc_thread_sharing()
    return wrapper


def test_a_transaction_begins_as_soon_as_the_lock_is_free(tmp_path: Path, other_writer: sqlite3.Connection) -> None:
    wrapper = connected(tmp_path / "file", timeout=30)
    begun = threading.Event()

    def begin() -> None:
        wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        begun.set()

    waiting = threading.Thread(target=begin)
    waiting.start()
    assert not begun.wait(0.05)
    other_writer.execute("COMMIT")
    assert begun.wait(10)
    waiting.join()
    assert wrapper.connection.in_transaction
    wrapper.close()


def test_whoever_waits_looks_again_by_himself(
    tmp_path: Path, other_writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    class Time:
        monotonic = staticmethod(time.monotonic)

        @staticmethod
        def sleep(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 3:
                other_writer.execute("COMMIT")

    monkeypatch.setattr(base, "time", Time)
    wrapper = connected(tmp_path / "file", timeout=1)
    wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    assert waited == [0.002] * 3
    wrapper.rollback()
    assert wrapper.connection.execute("PRAGMA busy_timeout").fetchone() == (1_000,), "for statements of their own"
    wrapper.close()


def test_whoever_comes_while_another_recovers_what_a_killed_process_left_waits_too(
    tmp_path: Path, other_writer: sqlite3.Connection
) -> None:
    wrapper = connected(tmp_path / "file", timeout=10)
    other_writer.execute("COMMIT")
    wrapper.ensure_connection()
    wrapper.connection = Recovering(wrapper.connection)
    wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    assert wrapper.connection.in_transaction
    wrapper.connection = wrapper.connection.connection
    wrapper.rollback()
    wrapper.close()


class Recovering:
    """A connection whose database is recovered by another process when the first transaction begins."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._is_over = False

    def execute(self, statement: str) -> sqlite3.Cursor:
        if statement.startswith("BEGIN") and not self._is_over:
            self._is_over = True
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
            raise error
        return self.connection.execute(statement)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


def test_a_lock_that_is_not_given_up_is_an_error_in_the_end(tmp_path: Path, other_writer: sqlite3.Connection) -> None:
    wrapper = connected(tmp_path / "file", timeout=0.05)
    with pytest.raises(OperationalError, match="locked"):
        wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    other_writer.execute("COMMIT")
    wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    wrapper.rollback()
    wrapper.close()


def test_a_statement_of_its_own_waits_as_long(tmp_path: Path, other_writer: sqlite3.Connection) -> None:
    wrapper = connected(tmp_path / "file", timeout=30)
    threading.Timer(0.05, other_writer.execute, ("COMMIT",)).start()
    with wrapper.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (1)")
    assert wrapper.connection.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
    wrapper.close()
