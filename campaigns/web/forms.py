"""The assistant's questions and the plan as forms.

Nothing is checked here: campaigns.planning does, and its errors come back by their paths.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from campaigns.planning.questions import LENGTHS, Question
from campaigns.web.words import PRIORITY_WORDS, VOICEMAIL_WORDS
from opendeep.core.words import city

ANSWER_PREFIX = "answer-"
RADIOS_AT_MOST = 4
CONTACTS_EDITED_AT_MOST = 200
BLANK_ROWS = 1

Errors = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class FieldView:
    """A control of a form, as templates/_control.html draws it. `kind` is an input type, textarea, select or radio."""

    name: str
    label: str
    kind: str
    value: str = ""
    options: Sequence[tuple[str, str]] = ()
    required: bool = True
    help: str = ""
    errors: Sequence[str] = ()
    rows: int = 2
    max_length: int | None = None

    @property
    def id(self) -> str:
        return f"field-{self.name}"


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One person in the form. `index` is its place in the plan that is changed, empty for a new one."""

    name: str = ""
    phone: str = ""
    index: str = ""
    errors: Sequence[str] = ()


def clock_words(time_zone: str) -> str:
    """By whose clock the times of a form are read."""
    return f"Your time ({city(time_zone)})."


# --- The assistant's questions --------------------------------------------------------------------

INPUTS = {"date": "date", "time": "time", "datetime": "datetime-local", "phone": "tel", "number": "number"}


def question_fields(
    questions: Sequence[Question], clock: str, given: Mapping[str, str] | None = None, errors: Errors | None = None
) -> list[FieldView]:
    """The questions as controls: with what was typed, or else with what the assistant suggests.

    `clock` says by whose clock times are read (clock_words).
    """
    return [_question_field(question, clock, given, (errors or {}).get(question.field, ())) for question in questions]


def _question_field(
    question: Question, clock: str, given: Mapping[str, str] | None, errors: Sequence[str]
) -> FieldView:
    value = (question.suggestion or "") if given is None else given.get(question.field, "")
    return FieldView(
        name=ANSWER_PREFIX + question.field,
        label=question.question,
        kind=_kind(question),
        value=value,
        options=_options(question),
        required=question.required,
        help=_help(question, clock),
        errors=errors,
        max_length=LENGTHS.get(question.type),
    )


def _help(question: Question, clock: str) -> str:
    if question.type == "phone":
        return "With its country code, like +12025550100."
    return clock if question.type in ("time", "datetime") else ""


def _kind(question: Question) -> str:
    if question.type == "choice":
        return "radio" if len(question.options) <= RADIOS_AT_MOST else "select"
    return INPUTS.get(question.type, question.type)


def _options(question: Question) -> list[tuple[str, str]]:
    if question.type != "choice":
        return []
    options = [(option, option) for option in question.options]
    return options if question.required else [*options, ("", "No answer")]


def read_answers(data: QueryDict) -> dict[str, str]:
    """What was answered, by field; also to questions that are no longer asked, which the domain refuses in words."""
    return {
        name.removeprefix(ANSWER_PREFIX): str(data[name]).strip() for name in data if name.startswith(ANSWER_PREFIX)
    }


# --- The plan -------------------------------------------------------------------------------------


def plan_fields(plan: Mapping[str, Any], errors: Errors | None = None, clock: str = "") -> list[FieldView]:
    """The parts of a plan that are changed as text; `plan` may be what somebody typed and not yet be valid.

    `clock` says by whose clock the times are read (clock_words).
    """
    found = errors or {}

    def field(name: str, label: str, kind: str = "text", **more: Any) -> FieldView:
        value = plan.get(name)
        return FieldView(name, label, kind, "" if value is None else str(value), errors=found.get(name, ()), **more)

    return [
        field("title", "Title", max_length=120),
        field("goal", "Goal", "textarea", help="What a call should achieve.", max_length=2000),
        field("on_behalf_of", "On behalf of", max_length=120),
        field("opening", "Opening sentence", "textarea", help="The first thing the agent says.", max_length=500),
        field("instructions", "Instructions", "textarea", required=False, rows=5, max_length=8000),
        field("max_attempts", "Calls at most, each", "number"),
        FieldView(
            "voicemail",
            "When a voicemail answers",
            "select",
            plan.get("voicemail") or "as_instructed",
            options=list(VOICEMAIL_WORDS.items()),
            errors=found.get("voicemail", ()),
        ),
        FieldView(
            "priority",
            "Priority among your campaigns",
            "select",
            plan.get("priority") or "normal",
            options=list(PRIORITY_WORDS.items()),
            help="Counts when there are not enough lines for all. Even the last ones get their share.",
            errors=found.get("priority", ()),
        ),
        field("start_at", "Start", "datetime-local", required=False, help=f"{clock} Empty means at once.".strip()),
        field(
            "end_at",
            "End",
            "datetime-local",
            required=False,
            help=f"{clock} No call after this. Empty means no end.".strip(),
        ),
    ]


def contact_rows(plan: Mapping[str, Any], errors: Errors | None = None) -> list[ContactRow]:
    """The people of the plan, and one empty row to add somebody."""
    rows = [
        ContactRow(
            str(contact.get("name", "")),
            str(contact.get("phone", "")),
            str(contact.get("index", index)),
            _contact_errors(index, errors or {}),
        )
        for index, contact in enumerate(plan["contacts"])
    ]
    return rows + [ContactRow()] * BLANK_ROWS


def _contact_errors(index: int, errors: Errors) -> list[str]:
    return [error for path, found in errors.items() if path.startswith(f"contacts.{index}.") for error in found]


def read_plan(data: QueryDict, base: Mapping[str, Any]) -> dict[str, Any]:
    """The changed plan, unchecked: `base` with what the form holds. Rows without name and number are left out."""
    typed = {field.name: str(data.get(field.name, "")).strip() for field in plan_fields(base)}
    contacts = base["contacts"] if len(base["contacts"]) > CONTACTS_EDITED_AT_MOST else _read_contacts(data, base)
    chosen = {
        name: typed[name] or base.get(name, default)
        for name, default in (("voicemail", "as_instructed"), ("priority", "normal"))
    }
    times = {name: typed[name] or None for name in ("start_at", "end_at")}
    return {**base, **typed, **times, **chosen, "contacts": contacts}


def _read_contacts(data: QueryDict, base: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = zip(data.getlist("contact-name"), data.getlist("contact-phone"), data.getlist("contact-index"), strict=False)
    return [
        {**_known(index, base["contacts"]), "name": name.strip(), "phone": phone.strip()}
        for name, phone, index in rows
        if name.strip() or phone.strip()
    ]


def _known(index: str, contacts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What is known of somebody stays with the row when the name or the number is corrected."""
    return contacts[int(index)] if index.isdecimal() and int(index) < len(contacts) else {}


def summary_of(errors: Errors) -> list[str]:
    """Complaints that belong to no control of the form."""
    shown = {field.name for field in plan_fields({})}
    return [
        error
        for path, found in errors.items()
        if path not in shown and not path.startswith("contacts.")
        for error in found
    ]
