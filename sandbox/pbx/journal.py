"""What happened at the PBX, for whoever counts calls there: one JSON object per line.

`originate`: an Originate arrived {channel_id, action_id, number, accepted}. `answered` {channel_id, number}.
`transfer` {channel_id, to, answered}: the callee was put through to a person, or should have been. `key` {channel_id,
digit}: a telephone key was pressed for the callee to hear. `ended` {channel_id, number, answered, cause, sip_status,
ended_by, talk_ms, recorded_ms}: the last is how much speech a voicemail has recorded, null when nothing was. Each has
`event` and `at` (UTC).
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO


class Journal:
    """Appends to a file, line by line; does nothing without a path."""

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, event: str, **details: Any) -> None:
        if self._file is not None:
            entry = {"event": event, "at": datetime.now(UTC).isoformat(), **details}
            self._file.write(json.dumps(entry) + "\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
