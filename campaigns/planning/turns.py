"""Whose turn it is among the campaigns of an organization: by weight, and nobody starves. Pure.

This is start-time fair queueing: a claim begins at its campaign's start tag and ends 1/weight later, and the smallest
start tag is served next. Whoever was idle begins at the tag of the claim that was served last, so time without tasks
can neither be saved up nor lost.
"""

from collections.abc import Mapping
from typing import Literal

Priority = Literal["high", "normal", "low"]

WEIGHTS: Mapping[str, int] = {"high": 6, "normal": 3, "low": 1}
"""Where all three wait, of ten calls six, three and one."""


def start_tag(finish_tag: float, served_last: float) -> float:
    """When a campaign's next claim begins; `served_last` is the start tag of the organization's latest claim."""
    return max(finish_tag, served_last)


def finish_tag(start: float, priority: str) -> float:
    return start + 1 / WEIGHTS[priority]
