"""Placing a call on the Asterisk of the rig as the product does, and following it, with neither of its AMI clients."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from tests.rig.ami import AmiClient, Message
from tests.rig.asterisk import RunningAsterisk

NUMBER = "+12025550100"
WAIT_S = 10.0


@dataclass
class Pbx:
    """Both AMI accounts of the product on the Asterisk under test, and one call placed with them."""

    asterisk: RunningAsterisk
    originator: AmiClient
    observer: AmiClient
    call_id: UUID = field(default_factory=uuid4)

    def dial(self, gateway: str, number: str = NUMBER, timeout_ms: int = 10_000) -> None:
        self.originator.action(
            "Originate",
            ("Channel", self.asterisk.dial_string.format(number=number)),
            ("Context", self.asterisk.context),
            ("Exten", "s"),
            ("Priority", "1"),
            ("ChannelId", str(self.call_id)),
            ("ActionID", str(self.call_id)),
            ("Timeout", str(timeout_ms)),
            ("CallerID", '"OpenDeep" <+12025550199>'),
            ("Variable", f"OPENDEEP_CALL={self.call_id}"),
            ("Variable", f"OPENDEEP_GATEWAY={gateway}"),
            ("Async", "true"),
        )

    def event(self, name: str) -> Message:
        """The next event of this call with that name."""
        return self.observer.wait_for(name, lambda event: event.get("Uniqueid") == str(self.call_id), WAIT_S)
