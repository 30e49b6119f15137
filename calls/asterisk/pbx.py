"""The PBXs that this installation knows, and how each is reached. All of it comes from the settings."""

import ssl
from dataclasses import dataclass, field

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from calls.asterisk.ami_client import AmiAccount
from calls.asterisk.tls import context_for

DEFAULT_PBX = "default"
"""The one of ASTERISK_AMI_*."""


@dataclass(frozen=True, slots=True)
class Pbx:
    """Two accounts: one dials and sees no events, the other is callcontrol's."""

    name: str
    host: str
    port: int
    uses_tls: bool
    ca_file: str
    username: str
    secret: str = field(repr=False)
    events_username: str
    events_secret: str = field(repr=False)

    def tls(self) -> ssl.SSLContext | None:
        """None: AMI is plain text. Raises ImproperlyConfigured."""
        return context_for(self.ca_file) if self.uses_tls else None

    def dialing_account(self) -> AmiAccount:
        return AmiAccount(self.host, self.port, self.username, self.secret, self.tls())

    def events_account(self) -> AmiAccount:
        return AmiAccount(self.host, self.port, self.events_username, self.events_secret, self.tls())


def pbx_names() -> tuple[str, ...]:
    return (DEFAULT_PBX, *settings.OTHER_PBXS)


def part_of(process: str, pbx: str) -> str:
    """The name under which `process` of this PBX gives its sign of life: "callcontrol", "callcontrol:berlin"."""
    return process if pbx == DEFAULT_PBX else f"{process}:{pbx}"


def pbx_named(name: str) -> Pbx:
    """Raises ImproperlyConfigured when the settings know no such PBX."""
    if name == DEFAULT_PBX:
        return _default()
    try:
        return Pbx(name=name, **settings.OTHER_PBXS[name])
    except KeyError:
        raise ImproperlyConfigured(f"There is no PBX named {name}. Add it to ASTERISK_PBXS.") from None


def _default() -> Pbx:
    return Pbx(
        name=DEFAULT_PBX,
        host=settings.ASTERISK_AMI_HOST,
        port=settings.ASTERISK_AMI_PORT,
        uses_tls=settings.ASTERISK_AMI_TLS,
        ca_file=settings.ASTERISK_AMI_CA_FILE,
        username=settings.ASTERISK_AMI_USERNAME,
        secret=settings.ASTERISK_AMI_SECRET,
        events_username=settings.ASTERISK_AMI_EVENTS_USERNAME,
        events_secret=settings.ASTERISK_AMI_EVENTS_SECRET,
    )
