"""Our own voice, come back from the telephone at the other end: it is no speech of the callee.

Echo is what was played, some time later and quieter by a fixed amount. Whether the callee's sound is that is seen
in the levels of its frames: one delay and one loss explain all of it, or somebody else is heard.
"""

import numpy as np

from audiogateway.audio.levels import Levels

DELAY_FRAMES = 25
"""500 ms: the way to the telephone and back, and a room."""
WINDOW_FRAMES = 50
RECENT_FRAMES = 10
MIN_FRAMES = 8
"""Of echo; with less nothing can be said."""
AUDIBLE_DBFS = -45.0
"""What the agent said louder than this may come back."""
TOLERANCE_DB = 6.0
LEAST_LOSS_DB = 3.0
"""An echo is quieter than the voice."""
TYPICAL_RANK = 0.65
"""Where somebody speaks into the echo, less seems to be lost than is: the upper part of the losses tells."""
EXPLAINED_SHARE = 0.7
UNEXPLAINED_SHARE = 0.4
SAME_WORDS_SHARE = 0.5


def is_echo(callee: Levels, agent: Levels, threshold_dbfs: float) -> bool:
    """Whether all that was heard of the callee is echo. Levels are of frames of 20 ms, the last ones of this moment.

    `agent` needs DELAY_FRAMES more than are looked at of `callee`; below `threshold_dbfs` nothing counts as heard.
    """
    frames = min(WINDOW_FRAMES, len(callee), len(agent) - DELAY_FRAMES)
    if frames < MIN_FRAMES:
        return False
    heard = callee[-frames:]
    played = np.lib.stride_tricks.sliding_window_view(agent[-frames - DELAY_FRAMES :], frames)
    is_heard = heard > threshold_dbfs
    may_echo = (played > AUDIBLE_DBFS) & is_heard
    counts = np.count_nonzero(may_echo, axis=1)
    losses = np.sort(np.where(may_echo, played - heard, np.inf), axis=1)
    typical = losses[np.arange(len(losses)), (np.maximum(counts - 1, 0) * TYPICAL_RANK).astype(int)]
    typical = np.where(counts >= MIN_FRAMES, np.maximum(typical, LEAST_LOSS_DB), np.inf)
    expected = np.maximum(played - typical[:, np.newaxis], threshold_dbfs)
    surplus = np.maximum(heard, threshold_dbfs) - expected
    matters = is_heard | (expected > threshold_dbfs)
    fits = (np.abs(surplus) <= TOLERANCE_DB) & matters
    explained = np.count_nonzero(fits, axis=1) / np.maximum(np.count_nonzero(matters, axis=1), 1)
    best = int(np.argmax(np.where(counts >= MIN_FRAMES, explained, 0.0)))
    if counts[best] < MIN_FRAMES or explained[best] < EXPLAINED_SHARE:
        return False
    recent = is_heard[-RECENT_FRAMES:]
    unexplained = (surplus[best, -RECENT_FRAMES:] > TOLERANCE_DB) & recent
    return bool(np.count_nonzero(unexplained) <= UNEXPLAINED_SHARE * np.count_nonzero(recent))


def repeats(words: str, said: str) -> bool:
    """Whether what was understood are words of the agent, as far as an echo is understood at all."""
    own = {_plain(word) for word in said.split()}
    heard = [_plain(word) for word in words.split()]
    return not heard or sum(word in own for word in heard) >= SAME_WORDS_SHARE * len(heard)


def _plain(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold()))
