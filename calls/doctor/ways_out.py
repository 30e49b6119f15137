"""Where calls leave: every PBX with the contexts and endpoints that its trunks use."""

import re
from dataclasses import dataclass

from django.conf import settings

from calls.asterisk.pbx import DEFAULT_PBX, pbx_names
from calls.trunks.models import Trunk
from opendeep.accounts.models import Organization

ENDPOINT = re.compile(r"PJSIP/[^@]*@([A-Za-z0-9_.-]+)|PJSIP/([A-Za-z0-9_.-]+)/.*")


@dataclass(frozen=True, slots=True)
class WayOut:
    """`context` is where calls enter the dialplan; `endpoints` are PJSIP's. `puts_through`: callees to a person."""

    pbx: str
    context: str
    endpoints: tuple[str, ...] = ()
    puts_through: bool = False


def of_settings() -> WayOut:
    """That of the settings alone, for when the database cannot be asked."""
    return WayOut(DEFAULT_PBX, settings.ASTERISK_CONTEXT, _endpoints([settings.ASTERISK_DIAL_STRING]))


def ways_out() -> list[WayOut]:
    """The settings' own comes first; a PBX that no trunk uses is looked at with the settings' context."""
    dial_strings: dict[tuple[str, str], list[str]] = {(DEFAULT_PBX, settings.ASTERISK_CONTEXT): []}
    for trunk in Trunk.objects.filter(enabled=True):
        dialled = dial_strings.setdefault((trunk.pbx, trunk.context or settings.ASTERISK_CONTEXT), [])
        dialled.append(trunk.dial_string or settings.ASTERISK_DIAL_STRING)
    for name in pbx_names():
        if name not in {pbx for pbx, _ in dial_strings}:
            dial_strings[name, settings.ASTERISK_CONTEXT] = []
    if not Trunk.objects.exists():
        dial_strings[DEFAULT_PBX, settings.ASTERISK_CONTEXT].append(settings.ASTERISK_DIAL_STRING)
    puts_through = Organization.objects.exclude(transfer_number="").exists()
    return [WayOut(pbx, context, _endpoints(used), puts_through) for (pbx, context), used in dial_strings.items()]


def _endpoints(dial_strings: list[str]) -> tuple[str, ...]:
    found = (ENDPOINT.fullmatch(dial_string.format(number="1")) for dial_string in dial_strings)
    return tuple(dict.fromkeys(match[1] or match[2] for match in found if match))
