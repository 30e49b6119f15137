"""A channel: the PBX's side of one call, and how AMI describes it."""

from dataclasses import dataclass, field

from sandbox.pbx.ami import Header

UNKNOWN = "<unknown>"
DOWN, RINGING, UP = 0, 5, 6
_STATES = {DOWN: "Down", RINGING: "Ringing", UP: "Up"}


@dataclass
class Channel:
    """`uniqueid` is the ChannelId that the Originate asked for. Times are seconds of the exchange's clock.

    `linkedid` is the uniqueid of the channel for which this one was dialled; its own, when it is empty.
    """

    name: str
    uniqueid: str
    number: str
    created_s: float
    caller_number: str = UNKNOWN
    caller_name: str = UNKNOWN
    connected_number: str = UNKNOWN
    connected_name: str = UNKNOWN
    context: str = "opendeep-in"
    exten: str = "s"
    priority: int = 1
    state: int = DOWN
    application: str = "AppDial2"
    application_data: str = "(Outgoing Line)"
    variables: dict[str, str] = field(default_factory=dict)
    linkedid: str = ""
    bridge: str = ""

    def snapshot(self, prefix: str = "") -> list[Header]:
        """The headers that every event about a channel begins with."""
        return [
            (f"{prefix}Channel", self.name),
            (f"{prefix}ChannelState", str(self.state)),
            (f"{prefix}ChannelStateDesc", _STATES[self.state]),
            (f"{prefix}CallerIDNum", self.caller_number),
            (f"{prefix}CallerIDName", self.caller_name),
            (f"{prefix}ConnectedLineNum", self.connected_number),
            (f"{prefix}ConnectedLineName", self.connected_name),
            (f"{prefix}Language", "en"),
            (f"{prefix}AccountCode", ""),
            (f"{prefix}Context", self.context),
            (f"{prefix}Exten", self.exten),
            (f"{prefix}Priority", str(self.priority)),
            (f"{prefix}Uniqueid", self.uniqueid),
            (f"{prefix}Linkedid", self.linkedid or self.uniqueid),
        ]
