"""The PBX as it shows itself to the account that dials and to the account of callcontrol. Never sends Originate."""

import os
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from django.core.exceptions import ImproperlyConfigured

from calls.asterisk.ami_client import BROKEN, AmiAccount, AmiClient, AmiRefused, AmiTimeout, AmiTimes, LoginRefused
from calls.asterisk.ami_codec import AmiMessage
from calls.asterisk.pbx import DEFAULT_PBX, pbx_named
from calls.asterisk.signals import TRANSFER_CONTEXT
from calls.doctor import inside
from calls.doctor.findings import Finding, missing, note, ok
from calls.doctor.ways_out import WayOut

TIMES = AmiTimes(connect=3.0, login=5.0, action=5.0, ping_every=60.0)
DIALS = frozenset({"Originate"})
CONTROLS = frozenset({"Hangup", "PlayDTMF", "CoreShowChannels", "Setvar", "Redirect"})
NEVER = frozenset({"Command", "UpdateConfig", "ModuleLoad", "Filter", "UserEvent"})


@dataclass(slots=True)
class View:
    """What one account sees. `problem` is why it sees nothing; `may` is None when the PBX does not list actions.

    `steps` are those of each dialplan context, None for one that does not exist; what cannot be asked is missing.
    `values` answers Getvar; `events` are the names of those that came meanwhile.
    """

    problem: str = ""
    may: frozenset[str] | None = None
    version: str | None = None
    steps: dict[str, list[AmiMessage] | None] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    registrations: list[AmiMessage] = field(default_factory=list)
    events: set[str] = field(default_factory=set)


async def look(account: AmiAccount, contexts: Iterable[str], questions: Iterable[str]) -> View:
    """Connects once and asks. Changes nothing at the PBX."""
    view = View()
    client = AmiClient(account, on_event=lambda event: view.events.add(event.event), times=TIMES)
    try:
        async with client.once():
            await _ask(client, view, contexts, questions)
    except LoginRefused:
        view.problem = f"The PBX refuses the login of {account.username}. Check the name, the secret and `permit`."
    except BROKEN as error:
        view.problem = f"The PBX at {account.host}:{account.port} cannot be used: {_reason(error)}"
    return view


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


async def _ask(client: AmiClient, view: View, contexts: Iterable[str], questions: Iterable[str]) -> None:
    commands = await _answer(client, "ListCommands")
    view.may = frozenset(name for name, _ in commands.headers) if commands else None
    core = await _answer(client, "CoreSettings")
    view.version = core.get("AsteriskVersion") if core else None
    for context in contexts:
        await _ask_for_steps(client, view, context)
    for question in questions:
        answer = await _answer(client, "Getvar", ("Variable", question))
        if answer is not None:
            view.values[question] = answer.get("Value")
    view.registrations = await _list(client, "PJSIPShowRegistrationsOutbound")


async def _answer(client: AmiClient, action: str, *headers: tuple[str, str]) -> AmiMessage | None:
    try:
        return await client.request(action, headers)
    except (AmiRefused, AmiTimeout):
        return None


async def _list(client: AmiClient, action: str) -> list[AmiMessage]:
    try:
        return await client.request_list(action)
    except (AmiRefused, AmiTimeout):
        return []


async def _ask_for_steps(client: AmiClient, view: View, context: str) -> None:
    try:
        view.steps[context] = await client.request_list("ShowDialPlan", [("Context", context)])
    except AmiRefused as error:
        if str(error).startswith("Did not find"):
            view.steps[context] = None
    except AmiTimeout:
        return


async def findings(way: WayOut) -> list[Finding]:
    """What is found at the PBX of this way out."""
    found = await _findings(way)
    return (
        found if way.pbx == DEFAULT_PBX else [replace(finding, part=f"{finding.part} ({way.pbx})") for finding in found]
    )


async def _findings(way: WayOut) -> list[Finding]:
    try:
        known = pbx_named(way.pbx)
        dials, controls = known.dialing_account(), known.events_account()
    except ImproperlyConfigured as error:
        return [missing("settings", str(error))]
    contexts = (way.context, TRANSFER_CONTEXT)
    controlling_view = await look(controls, contexts, inside.questions(way))
    dialing_view = await look(dials, (), ()) if controls != dials else controlling_view
    found = [
        *_account("AMI account that dials", dials.username, dialing_view, DIALS),
        *_account("AMI account of callcontrol", controls.username, controlling_view, CONTROLS),
        *_excess(dials, controls, dialing_view, controlling_view),
    ]
    return found if controlling_view.problem else [*found, *inside.findings(way, _as_facts(controlling_view))]


def _as_facts(view: View) -> inside.Facts:
    return inside.Facts(view.version, view.steps, view.values, view.registrations, frozenset(view.events))


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


def _excess(dials: AmiAccount, controls: AmiAccount, dialing: View, controlling: View) -> Iterator[Finding]:
    if controls == dials:
        yield note("AMI accounts", "One account dials and listens. Two with fewer rights each are safer.")
        return
    if controlling.may is not None and controlling.may >= DIALS:
        yield note("AMI account of callcontrol", f"{controls.username} may place calls and need not.")
    if dialing.may is not None and dialing.may & CONTROLS:
        yield note("AMI account that dials", f"{dials.username} may control calls and need not.")
