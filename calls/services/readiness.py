"""Which of the parts that a call needs give signs of life. It stops no call: it tells people why none goes out."""

from redis.exceptions import RedisError

from calls.asterisk.pbx import part_of, pbx_names
from opendeep.core import alive

PARTS = ("beat", "worker", "gateway")
PARTS_OF_A_PBX = ("callcontrol", "pbx")

WORDS = (
    ("redis", "The message broker (Redis) does not answer."),
    ("beat", "The scheduler or its worker (beat, worker) is not running."),
    ("worker", "The scheduler or its worker (beat, worker) is not running."),
    ("gateway", "The voice gateway is not running."),
)
NO_PBX = "The telephone system is out of reach, or callcontrol is not running."
GOES_ON = "Nothing is lost: everything goes on by itself when an operator has started it again."


def parts() -> dict[str, str]:
    """Redis and every part that notes its life there, as "ok" or "missing"."""
    names = [*PARTS, *(part_of(process, pbx) for pbx in pbx_names() for process in PARTS_OF_A_PBX)]
    try:
        return {"redis": "ok", **{name: "ok" if alive.is_alive(name) else "missing" for name in names}}
    except RedisError:
        return dict.fromkeys(("redis", *names), "missing")


def some_pbx_answers(found: dict[str, str]) -> bool:
    """Of several PBXs one is enough for calls. `found` is what `parts` has told."""
    per_pbx = [[part_of(process, pbx) for process in PARTS_OF_A_PBX] for pbx in pbx_names()]
    return any(all(found[name] == "ok" for name in names) for names in per_pbx)


def standstill() -> str:
    """Why no call of anybody can go out at this moment, in words for the owner of calls that wait; or ""."""
    found = parts()
    why = next((words for name, words in WORDS if found[name] != "ok"), "")
    if not why and not some_pbx_answers(found):
        why = NO_PBX
    return f"{why} {GOES_ON}" if why else ""
