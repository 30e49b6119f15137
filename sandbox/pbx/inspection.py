"""What a client may look at: the dialplan, variables, functions of the dialplan, the version."""

import re

from sandbox.pbx import dialplan
from sandbox.pbx.ami import Header

VERSION = "22.10.1"
MODULES = frozenset(
    {
        *("pbx_config.so", "chan_pjsip.so", "res_audiosocket.so", "app_audiosocket.so", "app_exec.so"),
        *("app_senddtmf.so", "codec_ulaw.so", "codec_resample.so", "app_dial.so", "app_userevent.so"),
        *("bridge_simple.so", "func_module.so", "func_devstate.so"),
    }
)
_FUNCTION = re.compile(r"(\w+)\((.*)\)")


def function(name: str, endpoint: str) -> str | None:
    """The value of a function of the dialplan, as Getvar gives it; None for what is a variable.

    A function that is not there is empty.
    """
    match = _FUNCTION.fullmatch(name)
    if match is None:
        return None
    match match[1], match[2]:
        case "IFMODULE", module:
            return str(int(module in MODULES))
        case "DEVICE_STATE", device if device.startswith("PJSIP/"):
            return "NOT_INUSE" if device == f"PJSIP/{endpoint}" else "INVALID"
    return ""


def steps_of(context: str, contexts: tuple[str, ...]) -> tuple[dialplan.Step, ...] | None:
    """None when there is no such context."""
    if context == dialplan.TRANSFER_CONTEXT:
        return dialplan.TRANSFER
    return dialplan.OUT if context in contexts else None


def listed(context: str, step: dialplan.Step) -> list[Header]:
    """The headers of ListDialplan about a step."""
    label = [("ExtensionLabel", step.label)] if step.label else []
    return [
        ("Context", context),
        ("Extension", "s"),
        *label,
        ("Priority", str(step.priority)),
        ("Application", step.application),
        ("AppData", step.data),
        ("Registrar", "pbx_config"),
    ]
