"""The phases of one talk, from the order to the last written word.

    opening --voice--> waiting --line--> talking --end_call--> closing --line gone--> winding_up --> over
                                            \\____________________________________/               /
                          talking --transfer_call--> transferring --person, or gone--------------/
                             \\_____________________________/ nobody answered

A voice is ready when it is open and, where the agent begins, has begun to speak: an account without money, for
example, opens sessions that never say a word, and no telephone shall ring for them.
`closing` plays the last words and then hangs up (hangup.py); `winding_up` waits for transcriptions that are under way.
`transferring` plays the last words, has the callee put through to a person, and waits what comes of it (transfer.py).
"""

from enum import Enum


class Phase(Enum):
    OPENING = "opening"
    WAITING = "waiting"
    TALKING = "talking"
    TRANSFERRING = "transferring"
    CLOSING = "closing"
    WINDING_UP = "winding_up"
    OVER = "over"
