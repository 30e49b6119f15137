"""What a telephone number tells by itself: whether it may be rung at all, its country, its time zones. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType as Kind
from phonenumbers import timezone as number_timezone

CALLABLE_KINDS = frozenset(
    {Kind.FIXED_LINE, Kind.MOBILE, Kind.FIXED_LINE_OR_MOBILE, Kind.VOIP, Kind.TOLL_FREE, Kind.UAN}
)
KIND_WORDS = {
    Kind.PREMIUM_RATE: "a premium-rate number",
    Kind.SHARED_COST: "a shared-cost number",
    Kind.PERSONAL_NUMBER: "a personal number that is billed at special rates",
    Kind.PAGER: "a pager",
    Kind.VOICEMAIL: "a voicemail access number",
}
NO_NUMBER = "This is not a telephone number in international form."


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """`problem` says why it may never be rung, and is empty when it may.

    `region` is the country (ISO 3166; "001" for worldwide services, empty when unknown), `zones` the IANA names of
    all time zones in which its owner may be.
    """

    problem: str
    region: str = ""
    zones: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def look_up(text: str) -> NumberFacts:
    """What is known of the E.164 number `text`."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return NumberFacts(NO_NUMBER)
    problem = _problem(number, text)
    if problem:
        return NumberFacts(problem)
    zones = tuple(
        zone for zone in number_timezone.time_zones_for_number(number) if zone != number_timezone.UNKNOWN_TIMEZONE
    )
    return NumberFacts("", phonenumbers.region_code_for_number(number) or "", zones)


def country_problem(text: str, caller_id: str, allowed_countries: Sequence[str]) -> str:
    """Why an organization does not ring the country of the E.164 number `text`; empty when it may.

    Its list of countries counts; without one, the country of its caller id; without either, all countries.
    """
    own = look_up(caller_id)
    allowed = set(allowed_countries) or ({own.region} if own.region else set())
    region = look_up(text).region
    if not region:
        return "The country of this number is unknown."
    if allowed and region not in allowed:
        return (
            f"Numbers of the country {region} are not among the organization's allowed countries "
            f"({', '.join(sorted(allowed))})."
        )
    return ""


def transfer_problem(text: str, caller_id: str, allowed_countries: Sequence[str]) -> str:
    """Why nobody is put through to the number `text` of an organization; empty when they may be."""
    if not text:
        return "The organization has set no number of a person."
    return look_up(text).problem or country_problem(text, caller_id, allowed_countries)


def _problem(number: phonenumbers.PhoneNumber, text: str) -> str:
    """Valid E.164, nobody's emergency or short number, nothing that costs more than a telephone call."""
    national = phonenumbers.national_significant_number(number)
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    if any(phonenumbers.is_emergency_number(national, region) for region in regions):
        return "Emergency numbers are never called."
    if phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) != text:
        return NO_NUMBER
    if not phonenumbers.is_valid_number(number):
        return "There is no such telephone number."
    kind = phonenumbers.number_type(number)
    if kind not in CALLABLE_KINDS:
        return f"This is {KIND_WORDS.get(kind, 'no number that may be called')}."
    return ""
