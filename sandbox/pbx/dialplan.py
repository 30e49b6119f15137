"""OpenDeep's dialplan (deploy/asterisk/extensions.conf): which steps there are, and what the doctor may ask of them."""

from collections.abc import Mapping
from dataclasses import dataclass

TRANSFER_CONTEXT = "opendeep-transfer"


@dataclass(frozen=True)
class Step:
    """One line of an extension s."""

    priority: int
    application: str
    data: str
    label: str = ""


ANSWER = Step(1, "Answer", "")
SKIP_DETECTION = Step(2, "GotoIf", '$["${OPENDEEP_AMD}" != "yes"]?voice')
VOICE = Step(5, "TryExec", "AudioSocket(${OPENDEEP_CALL},${OPENDEEP_GATEWAY})", label="voice")
HANG_UP = Step(6, "Hangup", '${IF($["${TRYSTATUS}" = "SUCCESS"]?16:38)}')
OUT = (
    ANSWER,
    SKIP_DETECTION,
    Step(3, "AMD", ""),
    Step(4, "UserEvent", "OpenDeepAMD,Call: ${OPENDEEP_CALL},Status: ${AMDSTATUS},Cause: ${AMDCAUSE}"),
    VOICE,
    HANG_UP,
)

DIAL = Step(1, "Dial", "${OPENDEEP_TRANSFER_TO},${OPENDEEP_TRANSFER_SECONDS},r")
TELL = Step(2, "UserEvent", "OpenDeepTransfer,Call: ${OPENDEEP_CALL},Status: ${DIALSTATUS}")
BACK = Step(3, "Goto", "opendeep-out,s,voice")
TRANSFER = (DIAL, TELL, BACK)


def filled(step: Step, variables: Mapping[str, str]) -> str:
    """The data of a step as it is executed."""
    data = step.data
    for name, value in variables.items():
        data = data.replace(f"${{{name}}}", value)
    return data
