"""Telephone numbers: parsing to E.164, masking, time zones."""

import re

import phonenumbers
from phonenumbers import timezone as number_timezone

from opendeep.core.errors import DomainError

E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


def parse_number(text: str, default_region: str | None = None) -> str:
    """`text` as E.164 (for example "+12025550100").

    Raises DomainError "bad_number" with a sentence that says what to write.
    """
    try:
        number = phonenumbers.parse(text, default_region)
    except phonenumbers.NumberParseException:
        raise DomainError(
            "bad_number",
            f"“{text[:40]}” is not a telephone number. Write it with its country code, like +12025550100.",
        ) from None
    if not phonenumbers.is_possible_number(number):
        raise DomainError("bad_number", f"“{text[:40]}” is too short or too long to be a telephone number.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mask(number: str) -> str:
    """`number` for logs: country and last two digits stay, "+1********00"."""
    return f"{number[:2]}{'*' * max(len(number) - 4, 0)}{number[-2:]}" if len(number) > 4 else "****"


def spoken_format(number: str) -> str:
    """`number` as people write it, "+1 202-555-0100"; unparsable text is returned as it is."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return number


def time_zones(number: str) -> list[str]:
    """IANA names of the zones in which the owner of `number` may live; empty when they are unknown."""
    try:
        zones = number_timezone.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return []
    return [zone for zone in zones if zone != number_timezone.UNKNOWN_TIMEZONE]
