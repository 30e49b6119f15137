"""Errors on demand: what the stand-in shall do wrong, told over the wire by `POST /sandbox/faults`.

Both halves of the stand-in (Chat Completions and Realtime) ask the one table of the process, `TABLE`. A fault is
used up `times` times and then gone. Each half names the kinds it is about to commit, so that a fault waits
for the moment in which it can happen: a refused handshake is not used up by a session that is open already.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.openai.errors import ApiError, of_status

MAX_FAULTS = 100
MAX_TIMES = 100_000

Kinds = Mapping[str, frozenset[str]]


class BadFault(ValueError):
    """A fault that nobody could commit; the message says why."""


@dataclass
class Fault:
    """`role` None means every role; `seconds` is for hang and slow; `options` is free for the half that reads it."""

    target: str
    kind: str
    role: str | None = None
    status: int | None = None
    times: int = 1
    retry_after_s: float | None = None
    seconds: float | None = None
    code: str | None = None
    message: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def as_error(self) -> ApiError:
        """The HTTP error of a fault of kind `status`."""
        return of_status(self.status or 500, code=self.code, message=self.message, retry_after_s=self.retry_after_s)

    def as_json(self) -> dict[str, Any]:
        given = {
            "role": self.role,
            "status": self.status,
            "retry_after": self.retry_after_s,
            "seconds": self.seconds,
            "code": self.code,
            "message": self.message,
        }
        known = {name: value for name, value in given.items() if value is not None}
        return {"target": self.target, "kind": self.kind, "times": self.times} | known | self.options


class FaultTable:
    """First in, first committed."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Raises BadFault when the table is full."""
        if len(self._faults) >= MAX_FAULTS:
            raise BadFault(f"{MAX_FAULTS} faults are waiting already; DELETE /sandbox/faults first")
        self._faults.append(fault)

    def take(self, target: str, *, kinds: frozenset[str], names: frozenset[str] = frozenset()) -> Fault | None:
        """The next fault for this target among `kinds` whose role is any or one of `names`; one use of it is gone."""
        for fault in self._faults:
            if fault.target == target and fault.kind in kinds and fault.role in {None, *names}:
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
                return fault
        return None

    def clear(self) -> int:
        count = len(self._faults)
        self._faults.clear()
        return count

    def as_json(self) -> list[dict[str, Any]]:
        return [fault.as_json() for fault in self._faults]


TABLE = FaultTable()

_NUMBERS = {"status": (400, 599), "times": (1, MAX_TIMES), "retry_after": (0, 3600), "seconds": (0, 3600)}
_TEXTS = ("role", "code", "message")


def parse_fault(body: object, kinds: Kinds) -> Fault:
    """A fault from the JSON of a request; `kinds` are those of each target. Raises BadFault."""
    if not isinstance(body, dict):
        raise BadFault("a fault is a JSON object")
    target = body.get("target", "chat")
    if not isinstance(target, str) or target not in kinds:
        raise BadFault(f"target must be one of {', '.join(sorted(kinds))}")
    kind = body.get("kind", "status" if "status" in body else None)
    if not isinstance(kind, str) or kind not in kinds[target]:
        raise BadFault(f"kind for {target} must be one of {', '.join(sorted(kinds[target]))}")
    numbers = {name: _number(body, name) for name in _NUMBERS}
    texts = {name: _text(body, name) for name in _TEXTS}
    known = {"target", "kind", *_NUMBERS, *_TEXTS}
    status, times = numbers["status"], numbers["times"]
    return Fault(
        target=target,
        kind=kind,
        status=None if status is None else int(status),
        times=1 if times is None else int(times),
        retry_after_s=numbers["retry_after"],
        seconds=numbers["seconds"],
        options={name: value for name, value in body.items() if name not in known},
        **texts,
    )


def _number(body: dict[str, Any], name: str) -> float | None:
    value = body.get(name)
    low, high = _NUMBERS[name]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadFault(f"{name} must be a number from {low} to {high}")
    return value


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadFault(f"{name} must be a text")
    return value
