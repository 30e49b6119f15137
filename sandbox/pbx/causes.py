"""Q.850 causes, their texts, and the SIP status that stands for each, as Asterisk 22 pairs them."""

UNKNOWN, UNALLOCATED, NORMAL, BUSY, NO_ANSWER, REJECTED = 0, 1, 16, 17, 19, 21
CONGESTION, NETWORK_OUT_OF_ORDER, CHANNEL_UNAVAILABLE = 34, 38, 44

SOFT_HANGUP, DEVICE_GONE = 16, 1
"""What SoftHangupRequest says: that the PBX ends the call; that its channel driver has given up the line."""

TEXTS = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    2: "No route to specified transit network",
    3: "No route to destination",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    20: "Subscriber absent",
    21: "Call Rejected",
    22: "Number changed",
    27: "Destination out of order",
    28: "Invalid number format",
    34: "Circuit/channel congestion",
    38: "Network out of order",
    41: "Temporary failure",
    44: "Requested channel not available",
    127: "Interworking, unspecified",
}

SIP_STATUS = {
    1: 404,
    3: 404,
    17: 486,
    18: 408,
    19: 480,
    20: 480,
    21: 403,
    22: 410,
    27: 502,
    28: 484,
    34: 503,
    38: 500,
    41: 500,
    127: 500,
}
"""The status that Asterisk sends when it ends a call for a cause; a normal end has none."""

_DIAL_STATUS = {3: "CHANUNAVAIL", 17: "BUSY", 20: "CHANUNAVAIL", 34: "CONGESTION"}


def dial_status(cause: int) -> str:
    """What DialEnd says about a call that was not answered; an Originate knows only these."""
    return _DIAL_STATUS.get(cause, "NOANSWER")
