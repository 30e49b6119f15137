"""The plan: who is called, to what end, and what is to be found out. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator
from pydantic.json_schema import SkipJsonSchema

from calls.contracts import VoicemailPolicy
from campaigns.planning import times
from campaigns.planning.brakes import Brakes
from campaigns.planning.fields import CHECKED, PhoneNumber, SnakeCase, Value, complaint, words_of
from campaigns.planning.retries import DEFAULT_TABLE
from campaigns.planning.turns import Priority
from opendeep.core.errors import DomainError

CONTACTS_AT_MOST = 100_000
VARIABLES_AT_MOST = 20

FieldType = Literal["text", "yes_no", "number", "date", "datetime", "choice"]


def text(at_least: int, at_most: int) -> StringConstraints:
    return StringConstraints(min_length=at_least, max_length=at_most)


class Variable(Value):
    """Something that is known of one contact, for example the number of an order."""

    name: SnakeCase
    value: Annotated[str, text(0, 500)]


def _time_zone(name: str) -> str:
    if name and name not in available_timezones():
        raise complaint(f"{name[:40]} is not a time zone. Write one like Europe/Berlin, or leave it empty.")
    return name


class Contact(Value):
    name: Annotated[str, text(0, 120)] = ""
    phone: PhoneNumber
    variables: Annotated[tuple[Variable, ...], Field(max_length=VARIABLES_AT_MOST)] = ()
    # Not for the model to claim, so hidden from its schema; empty when unknown. `time_zone` is an IANA name, `consent`
    # says where and when they agreed to be called.
    time_zone: SkipJsonSchema[Annotated[str, AfterValidator(_time_zone)]] = ""
    consent: SkipJsonSchema[Annotated[str, text(0, 200)]] = ""

    def keeping(self, earlier: Mapping[str, Any] | None) -> "Contact":
        """This contact with what the `earlier` plan knew of the same number and the assistant does not."""
        hidden = {name: (earlier or {}).get(name, "") for name in ("time_zone", "consent")}
        return self.model_copy(update=hidden) if any(hidden.values()) else self


class ResultField(Value):
    """Something that every call shall find out."""

    name: SnakeCase
    label: Annotated[str, text(1, 120)]
    type: FieldType = "text"
    options: Annotated[tuple[Annotated[str, text(1, 120)], ...], Field(max_length=30)] = ()

    @model_validator(mode="after")
    def _has_options_when_a_choice(self) -> "ResultField":
        if self.type == "choice" and len(set(self.options)) < 2:
            raise complaint("A choice needs at least two options.")
        return self


Minutes = Annotated[int, Field(ge=1, le=7 * 24 * 60)]


def _minutes(outcome: str) -> Any:
    return Field(default=DEFAULT_TABLE[outcome])


class Retries(Value):
    """After how many minutes somebody is called again, by the outcome of the call; null means never."""

    busy: Minutes | None = _minutes("busy")
    no_answer: Minutes | None = _minutes("no_answer")
    unreachable: Minutes | None = _minutes("unreachable")
    voicemail: Minutes | None = _minutes("voicemail")
    dropped: Minutes | None = _minutes("dropped")
    failed: Minutes | None = _minutes("failed")
    lost: Minutes | None = _minutes("lost")
    completed: Minutes | None = _minutes("completed")
    rejected: Minutes | None = _minutes("rejected")


class Canary(Value):
    """With more contacts than `above`, the campaign is held after its first `calls` until the owner has looked."""

    above: Annotated[int, Field(ge=1, le=CONTACTS_AT_MOST)] = 50
    calls: Annotated[int, Field(ge=1, le=1000)] = 5


def _merged(contacts: tuple[Contact, ...]) -> tuple[Contact, ...]:
    """One contact for each number, in order; of two names or values the first one that says something counts."""
    by_phone: dict[str, Contact] = {}
    for contact in contacts:
        known = by_phone.get(contact.phone)
        by_phone[contact.phone] = contact if known is None else _joined(known, contact)
    return tuple(by_phone.values())


def _joined(one: Contact, other: Contact) -> Contact:
    variables = {variable.name: variable for variable in (*other.variables, *one.variables)}
    if len(variables) > VARIABLES_AT_MOST:
        raise complaint(f"{one.phone} stands here more than once, with more than {VARIABLES_AT_MOST} variables.")
    return Contact.model_construct(
        name=one.name or other.name,
        phone=one.phone,
        variables=tuple(variables.values()),
        time_zone=one.time_zone or other.time_zone,
        consent=one.consent or other.consent,
    )


def _unique(fields: tuple[ResultField, ...]) -> tuple[ResultField, ...]:
    _refuse_doubles("result field", (field.name for field in fields))
    return fields


def _refuse_doubles(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise complaint(f"There are two {what}s named {name}.")
        seen.add(name)


class Plan(Value):
    """What the user confirms. `start_at` and `end_at` are ISO in the user's own time: no call before and after.

    The assistant is not asked for what is hidden from its schema; see keeping().
    """

    title: Annotated[str, text(1, 120)]
    goal: Annotated[str, text(1, 2000)]
    on_behalf_of: Annotated[str, text(1, 120)]
    instructions: Annotated[str, text(0, 8000)] = ""
    opening: Annotated[str, text(1, 500)]
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1, max_length=CONTACTS_AT_MOST), AfterValidator(_merged)]
    result_fields: Annotated[tuple[ResultField, ...], Field(max_length=20), AfterValidator(_unique)] = ()
    start_at: Annotated[str | None, AfterValidator(times.local_time)] = None
    end_at: Annotated[str | None, AfterValidator(times.local_time)] = None
    max_attempts: Annotated[int, Field(ge=1, le=10)] = 3
    voicemail: SkipJsonSchema[VoicemailPolicy] = "as_instructed"
    retries: SkipJsonSchema[Retries] = Retries()
    canary: SkipJsonSchema[Canary | None] = Canary()
    brakes: SkipJsonSchema[Brakes] = Brakes()
    requires_consent: SkipJsonSchema[bool] = False
    priority: SkipJsonSchema[Priority] = "normal"

    @classmethod
    def from_user(cls, data: Any, *, zone: ZoneInfo | None = None, at: datetime | None = None) -> "Plan":
        """A plan that came from outside, perhaps changed by hand. With `zone` and `at` its times are looked at as well.

        Raises DomainError "bad_plan" with `fields` by path, for example {"contacts.0.phone": ["…"]}: all that is wrong.
        """
        if not isinstance(data, Mapping):
            raise DomainError("bad_plan", "There is no plan here. Send the plan as an object.")
        wrong = times.time_complaints(data.get("start_at"), data.get("end_at"), zone, at) if zone and at else {}
        try:
            plan = cls.model_validate(dict(data))
        except ValidationError as error:
            raise _bad_plan(words_of(error) | wrong) from None
        if wrong:
            raise _bad_plan(wrong)
        return plan

    @classmethod
    def stored(cls, data: Mapping[str, Any]) -> "Plan":
        """A plan that from_user() has accepted and to_json() has written: thousands of numbers cost little then."""
        return cls.model_validate(data, context=CHECKED)

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    def without_contacts(self) -> dict[str, Any]:
        """What a campaign keeps of its plan: its contacts are rows of their own."""
        return self.model_dump(mode="json", exclude={"contacts"})

    def keeping(self, earlier: Mapping[str, Any] | None) -> "Plan":
        """This plan with what the user had set in the `earlier` one and the assistant does not know of."""
        if earlier is None:
            return self
        known = {contact["phone"]: contact for contact in earlier.get("contacts", ())}
        kept: dict[str, Any] = {
            "voicemail": earlier.get("voicemail", self.voicemail),
            "priority": earlier.get("priority", self.priority),
            "requires_consent": bool(earlier.get("requires_consent")),
            "contacts": tuple(contact.keeping(known.get(contact.phone)) for contact in self.contacts),
        }
        if "retries" in earlier:
            kept["retries"] = Retries.model_validate(earlier["retries"])
        if "brakes" in earlier:
            kept["brakes"] = Brakes.model_validate(earlier["brakes"])
        if "canary" in earlier:
            kept["canary"] = Canary.model_validate(earlier["canary"]) if earlier["canary"] else None
        return self.model_copy(update=kept)

    def first_calls(self) -> int | None:
        """After how many calls the campaign is held for its owner to look; None: it is not."""
        return self.canary.calls if self.canary and len(self.contacts) > self.canary.above else None

    def starts_at(self, zone: ZoneInfo) -> datetime | None:
        """The start as an aware moment; a time without an offset counts in `zone`."""
        return times.moment_of(self.start_at, zone)

    def ends_at(self, zone: ZoneInfo) -> datetime | None:
        return times.moment_of(self.end_at, zone)

    def time_complaints(self, zone: ZoneInfo, at: datetime) -> dict[str, list[str]]:
        """What is wrong with start and end, by field, seen at `at`."""
        return times.time_complaints(self.start_at, self.end_at, zone, at)


def _bad_plan(wrong: Mapping[str, list[str]]) -> DomainError:
    return DomainError("bad_plan", "This plan cannot be carried out. Correct what is named and try again.", wrong)
