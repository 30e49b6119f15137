"""What the PBX shall do wrong, told at run time by the AMI action SandboxFault.

    Action: SandboxFault
    Fault: RefuseLogin | SwallowOriginateResponse | LoseOriginate | DropConnections
    Count: how many times (default 1; -1 until further notice; 0 never again)

RefuseLogin: logins fail. SwallowOriginateResponse: the Originate is carried out, its Response is not sent.
LoseOriginate: neither. DropConnections: every other session's connection is cut, now; Count has no meaning.
"""

from collections import Counter

KINDS = ("RefuseLogin", "SwallowOriginateResponse", "LoseOriginate", "DropConnections")


class Faults:
    """How often each fault is still to happen."""

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
