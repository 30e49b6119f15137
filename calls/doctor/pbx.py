"""The PBX as it shows itself to the account that dials and to the account of callcontrol. Never sends Originate."""

import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from calls.asterisk.ami_client import BROKEN, AmiAccount, AmiClient, AmiRefused, AmiTimeout, AmiTimes, LoginRefused
from calls.asterisk.ami_codec import AmiMessage
from calls.asterisk.pbx import DEFAULT_PBX, pbx_named, pbx_names
from calls.doctor import versions
from calls.doctor.findings import Finding, missing, note, ok
from calls.trunks.models import Trunk

TIMES = AmiTimes(connect=3.0, login=5.0, action=5.0, ping_every=60.0)
DIALS = frozenset({"Originate"})
CONTROLS = frozenset({"Hangup", "PlayDTMF", "CoreShowChannels"})
NEVER = frozenset({"Command", "UpdateConfig", "ModuleLoad"})
UNSEEN = "cannot be seen with the rights of callcontrol's account"


@dataclass(frozen=True, slots=True)
class View:
    """What one account sees. `problem` is why it sees nothing; `may` is None when the PBX does not list actions."""

    problem: str = ""
    may: frozenset[str] | None = None
    version: str | None = None
    dialplan: list[AmiMessage] | None = None
    dialplan_problem: str = ""


async def look(account: AmiAccount, context: str) -> View:
    """Connects once and asks. Changes nothing at the PBX."""
    try:
        async with AmiClient(account, on_event=lambda _: None, times=TIMES).once() as client:
            return await _ask(client, context)
    except LoginRefused:
        return View(
            problem=f"The PBX refuses the login of {account.username}. Check the name, the secret and `permit`."
        )
    except BROKEN as error:
        return View(problem=f"The PBX at {account.host}:{account.port} cannot be used: {_reason(error)}")


def _reason(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message}). Check ASTERISK_AMI_CA_FILE."
        case ssl.SSLError():
            return "it speaks no TLS. Check ASTERISK_AMI_TLS and ASTERISK_AMI_PORT."
        case TimeoutError():
            return "it does not answer in time."
        case OSError(errno=int(number)):
            return f"{os.strerror(number)}."
    return str(error)


async def _ask(client: AmiClient, context: str) -> View:
    commands = await _answer(client, "ListCommands")
    core = await _answer(client, "CoreSettings")
    dialplan, problem = await _dialplan(client, context)
    return View(
        may=frozenset(name for name, _ in commands.headers) if commands else None,
        version=core.get("AsteriskVersion") if core else None,
        dialplan=dialplan,
        dialplan_problem=problem,
    )


async def _answer(client: AmiClient, action: str) -> AmiMessage | None:
    try:
        return await client.request(action)
    except (AmiRefused, AmiTimeout):
        return None


async def _dialplan(client: AmiClient, context: str) -> tuple[list[AmiMessage] | None, str]:
    try:
        return await client.request_list("ShowDialPlan", [("Context", context)]), ""
    except AmiRefused as error:
        return None, str(error)
    except AmiTimeout:
        return None, ""


def ways_out() -> list[tuple[str, str]]:
    """Every PBX with every dialplan context that trunks use at it; the settings' own pair comes first."""
    pairs = dict.fromkeys([(DEFAULT_PBX, settings.ASTERISK_CONTEXT)])
    trunks = Trunk.objects.filter(enabled=True).values_list("pbx", "context")
    pairs |= dict.fromkeys((pbx, context or settings.ASTERISK_CONTEXT) for pbx, context in trunks)
    idle = [name for name in pbx_names() if name not in {pbx for pbx, _ in pairs}]
    return [*pairs, *((name, settings.ASTERISK_CONTEXT) for name in idle)]


async def findings(pbx: str = DEFAULT_PBX, context: str = "") -> list[Finding]:
    """What is found at the PBX of this name, whose calls enter the dialplan at `context` (ASTERISK_CONTEXT)."""
    found = await _findings(pbx, context or settings.ASTERISK_CONTEXT)
    return found if pbx == DEFAULT_PBX else [replace(finding, part=f"{finding.part} ({pbx})") for finding in found]


async def _findings(pbx: str, context: str) -> list[Finding]:
    try:
        known = pbx_named(pbx)
        dials, controls = known.dialing_account(), known.events_account()
    except ImproperlyConfigured as error:
        return [missing("settings", str(error))]
    dialing_view = await look(dials, context)
    controlling_view = await look(controls, context) if controls != dials else dialing_view
    return [
        *_account("AMI account that dials", dials.username, dialing_view, DIALS),
        *_account("AMI account of callcontrol", controls.username, controlling_view, CONTROLS),
        *(_excess(dials, controls, controlling_view)),
        *_pbx(controlling_view, context),
    ]


def _account(part: str, username: str, view: View, needs: frozenset[str]) -> Iterator[Finding]:
    if view.problem:
        yield missing(part, view.problem)
        return
    yield ok(part, f"{username} is logged in.")
    if view.may is None:
        yield note(part, "The PBX does not tell what this account may do.")
    elif lacking := sorted(needs - view.may):
        yield missing(
            part, f"{username} may not {', '.join(lacking)}. Compare `write` in deploy/asterisk/manager.conf."
        )
    elif dangerous := sorted(NEVER & view.may):
        yield note(part, f"{username} may also {', '.join(dangerous)}: more than OpenDeep ever uses. Take it away.")
    else:
        yield ok(part, f"{username} may {', '.join(sorted(needs))}.")


def _excess(dials: AmiAccount, controls: AmiAccount, view: View) -> Iterator[Finding]:
    if controls != dials and view.may is not None and view.may >= DIALS:
        yield note("AMI account of callcontrol", f"{controls.username} may place calls and need not.")


def _pbx(view: View, context: str) -> Iterator[Finding]:
    if view.problem:
        return
    if view.version is None:
        yield note(versions.PART, f"It {UNSEEN}.")
    else:
        yield from versions.of_version(view.version)
    yield _dialplan_finding(view, context)
    yield note("call events", "Whether callcontrol's account may read them (`read = call`) only a call can show.")


def _dialplan_finding(view: View, context: str) -> Finding:
    part = "dialplan"
    if view.dialplan is None:
        if view.dialplan_problem.startswith("Did not find"):
            return missing(part, f"The PBX has no context {context}. Copy deploy/asterisk/extensions.conf.")
        return note(part, f"The context {context} {UNSEEN}.")
    steps = [step for step in view.dialplan if step.get("Extension") == "s"]
    if not any(step.get("Priority") == "1" for step in steps):
        return missing(part, f"The context {context} has no extension s with priority 1.")
    if not any("AudioSocket" in step.get("Application") + step.get("AppData") for step in steps):
        return missing(part, f"The context {context} does not bring the audio to the gateway: it has no AudioSocket.")
    return ok(part, f"The context {context} answers and brings the audio to the gateway.")
