"""What callcontrol's account can see of the inside of a PBX: dialplan, modules, trunks, events. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from calls.asterisk.ami_codec import AmiMessage
from calls.asterisk.signals import TRANSFER_CONTEXT
from calls.doctor import versions
from calls.doctor.findings import Finding, missing, note, ok
from calls.doctor.ways_out import WayOut

UNSEEN = "cannot be seen with the rights of callcontrol's account"
COPY = "Copy deploy/asterisk/extensions.conf."
ANY_MODULE = "pbx_config.so"
"""There is no dialplan without it."""
MODULES = {
    "chan_pjsip.so": "no call goes out",
    "res_audiosocket.so": "no voice reaches the callee",
    "app_audiosocket.so": "no voice reaches the callee",
    "app_exec.so": "a gateway that is away leaves the callee without an end",
    "app_senddtmf.so": "the agent cannot press keys",
    "codec_ulaw.so": "a G.711 trunk has no sound",
    "codec_resample.so": "there is no 24 kHz sound",
}
TO_PUT_THROUGH = {
    "app_dial.so": "nobody is put through to a person",
    "app_userevent.so": "nobody learns that a person was not reached",
    "bridge_simple.so": "callee and person do not hear each other",
}
DETECTION = "OPENDEEP_AMD"
NOT_NEEDED = frozenset({"DeviceStateChange", "NewCallerid", "NewConnectedLine", "NewAccountCode", "BridgeEnter"})
REACHABLE = frozenset({"NOT_INUSE", "INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"})


@dataclass(frozen=True, slots=True)
class Facts:
    """See calls.doctor.pbx.View."""

    version: str | None
    steps: Mapping[str, Sequence[AmiMessage] | None]
    values: Mapping[str, str]
    registrations: Sequence[AmiMessage]
    events: frozenset[str]


def questions(way: WayOut) -> list[str]:
    """For Getvar: an account without rights on the system may read functions of the dialplan."""
    modules = [ANY_MODULE, *MODULES, *TO_PUT_THROUGH]
    return [*map(_loaded, modules), *map(_state, way.endpoints), DETECTION]


def _loaded(module: str) -> str:
    return f"IFMODULE({module})"


def _state(endpoint: str) -> str:
    return f"DEVICE_STATE(PJSIP/{endpoint})"


def findings(way: WayOut, facts: Facts) -> Iterator[Finding]:
    if facts.version is None:
        yield note(versions.PART, f"It {UNSEEN}.")
    else:
        yield from versions.of_version(facts.version)
    yield _dialplan(way.context, facts)
    yield _transfer(way, facts)
    yield from _modules(way, facts)
    yield from _trunks(way, facts)
    yield from _registrations(facts)
    if facts.values.get(DETECTION) == "yes":
        yield note("answering machines", "Asterisk detects them: callees wait up to 5 s for the first word.")
    if facts.events & NOT_NEEDED:
        yield note(
            "call events",
            "More events reach callcontrol than it needs; a busy PBX floods it. Compare `eventfilter` in "
            "deploy/asterisk/manager.conf.",
        )


def _dialplan(context: str, facts: Facts) -> Finding:
    part = "dialplan"
    if context not in facts.steps:
        return note(part, f"The context {context} {UNSEEN}.")
    steps = _steps_of_s(facts.steps[context])
    if steps is None:
        return missing(part, f"The PBX has no context {context}. {COPY}")
    if not any(step.get("Priority") == "1" for step in steps):
        return missing(part, f"The context {context} has no extension s with priority 1.")
    if not any("AudioSocket" in _text(step) for step in steps):
        return missing(part, f"The context {context} does not bring the audio to the gateway: it has no AudioSocket.")
    return ok(part, f"The context {context} answers and brings the audio to the gateway.")


def _transfer(way: WayOut, facts: Facts) -> Finding:
    part = "transfer to a person"
    if TRANSFER_CONTEXT not in facts.steps:
        return note(part, f"The context {TRANSFER_CONTEXT} {UNSEEN}.")
    steps = _steps_of_s(facts.steps[TRANSFER_CONTEXT])
    if steps is not None and any("OPENDEEP_TRANSFER_TO" in _text(step) for step in steps):
        told = any("OpenDeepTransfer" in _text(step) for step in steps)
        gap = f"The context {TRANSFER_CONTEXT} does not tell when nobody answers. {COPY}"
        return ok(part, f"The context {TRANSFER_CONTEXT} puts callees through.") if told else missing(part, gap)
    say = missing if way.puts_through else note
    return say(part, f"The PBX has no context {TRANSFER_CONTEXT} that dials. {COPY}")


def _steps_of_s(steps: Sequence[AmiMessage] | None) -> list[AmiMessage] | None:
    return None if steps is None else [step for step in steps if step.get("Extension") == "s"]


def _text(step: AmiMessage) -> str:
    return f"{step.get('Application')} {step.get('AppData')}"


def _modules(way: WayOut, facts: Facts) -> Iterator[Finding]:
    part = "modules"
    if facts.values.get(_loaded(ANY_MODULE)) != "1":
        yield note(part, f"They {UNSEEN}; load func_module.so (deploy/asterisk/modules.conf).")
        return
    absent = [module for module in MODULES if facts.values.get(_loaded(module)) != "1"]
    for module in absent:
        yield missing(part, f"{module} is not loaded: {MODULES[module]}.")
    for module, without in TO_PUT_THROUGH.items():
        if facts.values.get(_loaded(module)) != "1":
            absent.append(module)
            yield (missing if way.puts_through else note)(part, f"{module} is not loaded: {without}.")
    if not absent:
        yield ok(part, "All that calls need are loaded.")


def _trunks(way: WayOut, facts: Facts) -> Iterator[Finding]:
    if not way.endpoints:
        yield note("trunk", "The dial string names no PJSIP endpoint, so nothing is known of it.")
    for endpoint in way.endpoints:
        part, state = f"trunk {endpoint}", facts.values.get(_state(endpoint), "")
        if state == "INVALID":
            yield missing(part, "The PBX knows no such PJSIP endpoint. Compare the dial string with pjsip.conf.")
        elif state == "UNAVAILABLE":
            yield missing(part, "The PBX cannot reach it: it does not answer OPTIONS, or is not registered.")
        elif state in REACHABLE:
            yield ok(part, "The PBX knows the endpoint and takes it for reachable.")
        else:
            yield note(part, f"Its state {UNSEEN}; load func_devstate.so (deploy/asterisk/modules.conf).")


def _registrations(facts: Facts) -> Iterator[Finding]:
    for registration in facts.registrations:
        name, status = registration.get("ObjectName"), registration.get("Status")
        part = f"registration {name}"
        yield (
            ok(part, "The provider knows us.")
            if status == "Registered"
            else missing(part, f"The provider does not know us: {status}. Check outbound_auth in pjsip.conf.")
        )
