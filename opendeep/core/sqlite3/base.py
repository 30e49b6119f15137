"""SQLite for several processes that write: whoever waits for the write lock looks again every few milliseconds.

SQLite's own busy handler waits longer each time, up to a tenth of a second, so that with many writers most of the time
the lock is free and everybody sleeps.
"""

import sqlite3
import time

from django.db.backends.sqlite3 import base

LOOK_AGAIN_SECONDS = 0.002
PRIMARY_CODE = 0xFF
"""Of an error code; the rest of it says more, as that somebody recovers what a killed process has left."""


class DatabaseWrapper(base.DatabaseWrapper):
    def _start_transaction_under_autocommit(self) -> None:
        """Raises OperationalError ("database is locked") after the timeout of the connection's OPTIONS."""
        timeout_seconds = float(self.settings_dict["OPTIONS"].get("timeout", 5.0))
        give_up_at = time.monotonic() + timeout_seconds
        self._busy_timeout(0.0)
        try:
            with self.wrap_database_errors:
                while not self._has_begun(give_up_at):
                    time.sleep(LOOK_AGAIN_SECONDS)
        finally:
            self._busy_timeout(timeout_seconds)

    def _has_begun(self, give_up_at: float) -> bool:
        try:
            self.connection.execute(f"BEGIN {self.settings_dict['OPTIONS'].get('transaction_mode', '')}")
        except sqlite3.OperationalError as error:
            kind = error.sqlite_errorcode & PRIMARY_CODE
            if kind != sqlite3.SQLITE_BUSY or time.monotonic() >= give_up_at:
                raise
            return False
        return True

    def _busy_timeout(self, seconds: float) -> None:
        self.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}").close()
