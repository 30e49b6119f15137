"""How a talk sounded, by the gateway's figures: facts, warnings in plain words, how long the callee waited. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from opendeep.core import words

FRAME_MS = 20
QUICK_MS, SLOW_MS = 1_200, 2_500
"""Up to the first a reply comes as among people; from the second on it is a pause that callees notice."""
LONG_PAUSE_MS = 3_000
REPLIES_SHOWN = 60
TALLEST_MS = 2_000
"""A reply after this fills the picture, unless there is a slower one."""


@dataclass(frozen=True, slots=True)
class ReplyBar:
    """One reply of the agent in the picture, in percent of its width and height."""

    said: str
    tone: str
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Replies:
    said: str
    bars: Sequence[ReplyBar]


def measures(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Figures (audiogateway.figures.TalkFigures) in words; what was not measured is left out."""
    found = [
        ("First words after", _time(figures.get("first_audio_ms"))),
        ("Reply after callee", _middle(figures.get("voice_to_voice_ms"))),
        ("Interrupted", _interruptions(figures)),
        ("Silent then after", _middle(figures.get("barge_in_ms"))),
        ("Sound", _sound(figures)),
        ("Voice", _voice(figures)),
    ]
    return [(label, said) for label, said in found if said]


def _time(milliseconds: Any) -> str:
    return words.seconds(milliseconds) if milliseconds is not None else ""


def _middle(times: Any) -> str:
    if not times:
        return ""
    return (
        f"{words.seconds(median(times))} median, {words.seconds(max(times))} longest"
        if len(times) > 1
        else _time(times[0])
    )


def _interruptions(figures: Mapping[str, Any]) -> str:
    count = figures.get("interruptions")
    if count is None:
        return ""
    return words.counted(count, "time") if count else "never"


def _voice(figures: Mapping[str, Any]) -> str:
    losses = figures.get("voice_losses")
    if not losses:
        return ""
    return f"lost {words.counted(losses, 'time')}, for {words.seconds(figures.get('voice_away_ms', 0))}"


def _sound(figures: Mapping[str, Any]) -> str:
    if figures.get("late_frames") is None:
        return ""
    faults = [
        words.counted(figures.get(key, 0), word)
        for key, word in (("late_frames", "late frame"), ("skipped_frames", "lost frame"), ("underruns", "gap"))
        if figures.get(key)
    ]
    return ", ".join(faults) or "no late frames"


WRONG_SOUND = {
    "model_sound": "The model sent its voice in another format than was asked for.",
    "line_rate": "The PBX sent the callee's sound at another rate than the trunk is set to.",
    "line_error": "The PBX sent what is no sound of a call, and the call was cut.",
}

# --- Warnings -------------------------------------------------------------------------------------


def warnings(figures: Mapping[str, Any]) -> list[str]:
    """What the callee may have noticed, and why, in words for people; empty when all was well."""
    long_pauses = sum(ms >= LONG_PAUSE_MS for ms in figures.get("voice_to_voice_ms") or ())
    skipped_ms = FRAME_MS * (figures.get("skipped_frames") or 0)
    missing_ms = figures.get("recording_dropped_ms") or 0
    found = [
        (figures.get("late_frames"), "The agent's sound arrived late {times}: the gateway was too busy for a moment."),
        (skipped_ms, f"{words.seconds(skipped_ms)} of the agent's sound were left out: the gateway had stood still."),
        (figures.get("underruns"), "The agent's voice broke off in a sentence {times}: the model sent it too slowly."),
        (figures.get("voice_losses"), "The connection to the model was lost {times} and made again."),
        (long_pauses, f"The callee waited {{times}} for more than {LONG_PAUSE_MS // 1000} seconds for an answer."),
        (figures.get("server_errors"), "The model reported an error {times}."),
        (figures.get("protocol_problems"), "The model sent something that nobody understands {times}."),
        (missing_ms, f"{words.seconds(missing_ms)} are missing in the recording: the disk was too slow."),
    ]
    wrong = [WRONG_SOUND[kind] for kind in figures.get("quality_warnings") or () if kind in WRONG_SOUND]
    return [said.format(times=_times(count)) for count, said in found if count] + wrong


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, words.counted(count, "time"))


# --- The picture ----------------------------------------------------------------------------------


def replies(figures: Mapping[str, Any]) -> Replies | None:
    """How long the callee waited for each reply, as bars; None when there was none."""
    times = (figures.get("voice_to_voice_ms") or [])[-REPLIES_SHOWN:]
    if not times:
        return None
    tallest, width = max(*times, TALLEST_MS), 100 / len(times)
    bars = [_bar(number, ms, tallest, width) for number, ms in enumerate(times)]
    said = f"Replies came after {', '.join(words.seconds(ms) for ms in times)}."
    return Replies(said, bars)


def _bar(number: int, ms: int, tallest: int, width: float) -> ReplyBar:
    height = max(100 * ms / tallest, 2)
    tone = "ok" if ms <= QUICK_MS else "wait" if ms < SLOW_MS else "stop"
    return ReplyBar(
        said=f"Reply {number + 1}: {words.seconds(ms)}",
        tone=tone,
        x=round(number * width, 3),
        width=round(width * 0.8, 3),
        y=round(100 - height, 3),
        height=round(height, 3),
    )
