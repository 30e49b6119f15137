"""SQLite with several writers."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

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
    wrapper.close()


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
