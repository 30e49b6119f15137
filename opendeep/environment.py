"""Readers of environment variables that fail loudly, so that a wrong setting is met at start and not in a call."""

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from opendeep.core.phone import E164

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
DIAL_STRING = re.compile(r"[A-Za-z0-9_]+/[A-Za-z0-9_+@.:/-]*\{number\}[A-Za-z0-9_+@.:/-]*")
"""Technology, then resource: what of it may be sent to a PBX stands in calls.asterisk.originate.CHANNEL."""


class Env:
    """Typed access to `source` (by default the process environment).

    Every reader takes the variable's name and a default; without a default the variable is required.
    A variable `X_FILE` names a file that holds the value of `X` (for secrets).
    """

    def __init__(self, source: Mapping[str, str] | None = None) -> None:
        self._source = os.environ if source is None else source

    def text(self, name: str, default: str | None = None) -> str:
        file_name = self._source.get(f"{name}_FILE")
        if file_name:
            try:
                return Path(file_name).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it holds no text"
                raise ImproperlyConfigured(f"{name}_FILE names {file_name}, which cannot be read: {why}.") from error
        value = self._source.get(name, "").strip()
        if value:
            return value
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set. Set it in the environment or in .env.")
        return default

    def boolean(self, name: str, default: bool) -> bool:
        value = self.text(name, "true" if default else "false").lower()
        if value in TRUE:
            return True
        if value in FALSE:
            return False
        raise ImproperlyConfigured(f"{name} is {value!r}; write true or false.")

    def integer(self, name: str, default: int, *, minimum: int, maximum: int) -> int:
        raw = self.text(name, str(default))
        try:
            value = int(raw)
        except ValueError:
            raise ImproperlyConfigured(f"{name} is {raw!r}; write a whole number.") from None
        if not minimum <= value <= maximum:
            raise ImproperlyConfigured(f"{name} is {value}; it must lie between {minimum} and {maximum}.")
        return value

    def number(self, name: str, default: float, *, minimum: float, maximum: float) -> float:
        raw = self.text(name, str(default))
        try:
            value = float(raw)
        except ValueError:
            raise ImproperlyConfigured(f"{name} is {raw!r}; write a number.") from None
        if not minimum <= value <= maximum:
            raise ImproperlyConfigured(f"{name} is {raw}; it must lie between {minimum} and {maximum}.")
        return value

    def port(self, name: str, default: int) -> int:
        return self.integer(name, default, minimum=1, maximum=65535)

    def url(self, name: str, default: str, schemes: set[str]) -> str:
        value = self.text(name, default)
        try:
            parts = urlsplit(value)
            usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port that is no number, half an IPv6 address
            usable = False
        if not usable:
            raise ImproperlyConfigured(
                f"{name} is not a usable address; it must begin with {' or '.join(sorted(schemes))}:// and name a host."
            )
        return value

    def host_port(self, name: str, default: str) -> tuple[str, int]:
        value = self.text(name, default)
        host, separator, port = value.rpartition(":")
        if not separator or not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
            raise ImproperlyConfigured(f"{name} is {value!r}; write HOST:PORT, for example 127.0.0.1:9092.")
        return host.strip("[]"), int(port)

    def one_of(self, name: str, default: str, choices: Collection[str]) -> str:
        """One of `choices`, which are in capitals; it may be written in any case."""
        value = self.text(name, default).upper()
        if value not in choices:
            raise ImproperlyConfigured(f"{name} is {value!r}; write one of {', '.join(choices)}.")
        return value

    def phone_number(self, name: str) -> str:
        """E.164, or empty when it is not set."""
        value = self.text(name, "")
        if value and not E164.fullmatch(value):
            raise ImproperlyConfigured(f"{name} is no telephone number in the form +12025550100.")
        return value

    def dial_string(self, name: str, default: str) -> str:
        """How a trunk is dialled, with {number} once where the number goes."""
        value = self.text(name, default)
        if not DIAL_STRING.fullmatch(value):
            raise ImproperlyConfigured(
                f"{name} is {value!r}; write the technology, a slash, and {{number}} once, like PJSIP/{{number}}@trunk."
            )
        return value

    def words(self, name: str, default: str) -> list[str]:
        return [word for word in self.text(name, default).replace(",", " ").split() if word]
