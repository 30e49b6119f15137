"""What is known to be wrong with older versions of Asterisk (see deploy/asterisk/README.md). Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from calls.doctor.findings import Finding, missing, note, ok

PART = "Asterisk version"
USE = "Use 22.10 or later, or 23.4 or later."
NUMBER = re.compile(r"(\d{1,3})\.(\d{1,3})")


@dataclass(frozen=True, slots=True)
class Defect:
    """`mended` is the first version without it in each branch; later branches never had it."""

    words: str
    mended: dict[int, int]
    drops_calls: bool = False

    def is_in(self, branch: int, release: int) -> bool:
        if branch in self.mended:
            return release < self.mended[branch]
        return branch < min(self.mended)


DEFECTS = (
    Defect("no keys pressed by the callee, and no limit to a silent connection", {20: 14, 21: 9, 22: 4}),
    Defect("calls drop whenever TCP splits an audio message", {20: 15, 21: 10, 22: 5}, drops_calls=True),
    Defect("no SIP status in Hangup events; no 24 kHz audio", {20: 17, 21: 12, 22: 7, 23: 1}),
    Defect("the header of a split audio message is misread", {20: 19, 22: 9, 23: 3}, drops_calls=True),
    Defect("a comfort-noise packet from the trunk drops the call", {20: 20, 22: 10, 23: 4}, drops_calls=True),
)


def of_version(text: str) -> Iterator[Finding]:
    """`text` as the PBX tells it, such as "22.10.1+dfsg"."""
    number = NUMBER.match(text)
    if number is None:
        yield note(PART, f"{text or 'The PBX'} does not say which release it is. {USE}")
        return
    branch, release = int(number.group(1)), int(number.group(2))
    found = [defect for defect in DEFECTS if _has(defect, branch, release)]
    if not found:
        yield ok(PART, number.group(0))
    for defect in found:
        say = missing if defect.drops_calls else note
        yield say(PART, f"{number.group(0)}: {defect.words}. {USE}")


def _has(defect: Defect, branch: int, release: int) -> bool:
    if branch == 21 and 21 not in defect.mended:
        return True  # 21 is no longer kept, so what was mended later is not mended in it
    return defect.is_in(branch, release)
