"""The environment's PBXs beside the one of ASTERISK_AMI_*: their names in ASTERISK_PBXS, their access by name.

The PBX `berlin` is read from ASTERISK_BERLIN_AMI_HOST, _PORT, _TLS, _CA_FILE, _USERNAME, _SECRET, _EVENTS_USERNAME and
_EVENTS_SECRET. Secrets stay in the environment (or in files, _SECRET_FILE); the database knows only the name.
"""

import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from opendeep.environment import Env

DEFAULT = "default"
NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def other_pbxs(env: Env, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The fields of calls.asterisk.pbx.Pbx by name. Raises ImproperlyConfigured."""
    return {name: _access(env, _checked(name)) for name in names}


def _checked(name: str) -> str:
    if name == DEFAULT or not NAME.fullmatch(name):
        raise ImproperlyConfigured(
            f"ASTERISK_PBXS names {name!r}; write names of small letters, digits and _, and not {DEFAULT!r}, which is "
            "the PBX of ASTERISK_AMI_HOST."
        )
    return name


def _access(env: Env, name: str) -> dict[str, Any]:
    prefix = f"ASTERISK_{name.upper()}_AMI_"
    username, secret = env.text(f"{prefix}USERNAME", "opendeep-orig"), env.text(f"{prefix}SECRET")
    return {
        "host": env.text(f"{prefix}HOST"),
        "port": env.port(f"{prefix}PORT", 5038),
        "uses_tls": env.boolean(f"{prefix}TLS", False),
        "ca_file": env.text(f"{prefix}CA_FILE", ""),
        "username": username,
        "secret": secret,
        "events_username": env.text(f"{prefix}EVENTS_USERNAME", username),
        "events_secret": env.text(f"{prefix}EVENTS_SECRET", secret),
    }
