"""What the stand-in received, for tests and people: bounded, in memory, and as JSON lines when a path is given.

An entry tells which role asked for what and how it was answered. It never holds a key, and no message texts.
"""

import json
import logging
from collections import deque
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

MAX_ENTRIES = 1000
MAX_FILE_BYTES = 10 * 1024 * 1024


class Journal:
    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=MAX_ENTRIES)
        self._file: RotatingFileHandler | None = None

    def write_to(self, path: Path) -> None:
        """Also append every entry to a file, which is rotated once when it grows over MAX_FILE_BYTES."""
        self._file = RotatingFileHandler(path, maxBytes=MAX_FILE_BYTES, backupCount=1, encoding="utf-8")

    def record(self, target: str, **facts: Any) -> None:
        """`target` is chat or realtime; `facts` must be JSON values, and none of them a secret."""
        entry = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "target": target} | facts
        self._entries.append(entry)
        if self._file is not None:
            self._file.emit(logging.makeLogRecord({"msg": json.dumps(entry), "args": ()}))

    def entries(self) -> list[dict[str, Any]]:
        """Oldest first."""
        return list(self._entries)

    def clear(self) -> None:
        self._entries.clear()

    def close(self) -> None:
        """Close the file; entries are still kept in memory."""
        if self._file is not None:
            self._file.close()
            self._file = None


JOURNAL = Journal()
