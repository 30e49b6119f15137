"""What the PBX shall do wrong, told at run time by the AMI action SandboxFault.

    Action: SandboxFault
    Fault: one of those below
    Count: how many times (default 1; -1 until further notice; 0 never again)
    Seconds: for how long (default 1)
    Channel: of which call (default: all that live)

Counted, whoever is connected:
    RefuseLogin: logins fail.
    SwallowOriginateResponse: the Originate is carried out, its Response is not sent.
    LoseOriginate: neither.
To every other session that is connected, now:
    DropConnections: the connection is cut.
    BreakOff: half a message, and then the end of the connection.
    Garbage: a block of bytes that is no AMI message; what comes after it is whole.
    HalfLines: the next `Count` messages come in two pieces `Seconds` apart, cut in the middle of a line.
    DelayEvents: from now on events come `Seconds` late; 0 ends that.
To calls that are talking, now:
    StopAudio: no frame of the callee reaches the gateway for `Seconds`.
"""

from collections import Counter

COUNTED = ("RefuseLogin", "SwallowOriginateResponse", "LoseOriginate")

MAX_SECONDS = 3600
GARBAGE = b"\x00\xff\xfe\x80\r\nno colon\r\n: no key\r\nEvent:\r\n" + b"x" * 5000 + b"\r\n\r\n"
HALF_A_MESSAGE = b"Event: Hangup\r\nPrivilege: call,all\r\nChan"


class Faults:
    """How often each counted fault is still to happen."""

    def __init__(self) -> None:
        self._left: Counter[str] = Counter()

    def set(self, kind: str, times: int) -> None:
        self._left[kind] = times

    def take(self, kind: str) -> bool:
        """Shall it happen now? Uses up one time."""
        if self._left[kind] > 0:
            self._left[kind] -= 1
            return True
        return self._left[kind] < 0
