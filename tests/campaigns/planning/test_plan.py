from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.planning.plan import Plan
from campaigns.planning.retries import DEFAULT_TABLE
from opendeep.core.errors import DomainError
from opendeep.core.llm.schema import strict_schema
from tests.factories import plan_data

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)


def wrong_fields(data: Any) -> dict[str, Any]:
    with pytest.raises(DomainError) as caught:
        Plan.from_user(data)
    assert caught.value.code == "bad_plan"
    return caught.value.fields


def test_a_plan_survives_the_way_through_json() -> None:
    plan = Plan.from_user(plan_data("+12025550100", start_at="2026-11-27T10:00"))
    assert Plan.from_user(plan.to_json()) == plan


def test_numbers_become_e164() -> None:
    assert Plan.from_user(plan_data("+1 (202) 555-0100")).contacts[0].phone == "+12025550100"


def test_a_number_that_cannot_be_read_is_named_with_its_place() -> None:
    fields = wrong_fields(plan_data("+12025550100", "call me"))
    assert list(fields) == ["contacts.1.phone"]
    assert "“call me” is not a telephone number" in fields["contacts.1.phone"][0]


def test_the_same_number_twice_is_one_contact_with_all_that_is_known() -> None:
    contacts = [
        {"name": "", "phone": "+12025550100", "variables": [{"name": "order", "value": "7"}]},
        {
            "name": "Ada",
            "phone": "+1 202 555 0100",
            "variables": [{"name": "order", "value": "8"}, {"name": "city", "value": "Rome"}],
        },
    ]
    (contact,) = Plan.from_user(plan_data(contacts=contacts)).contacts
    assert contact.name == "Ada"
    assert {variable.name: variable.value for variable in contact.variables} == {"order": "7", "city": "Rome"}


def test_the_same_number_with_too_much_that_is_known_is_refused_and_not_cut() -> None:
    def known(prefix: str) -> list[dict[str, str]]:
        return [{"name": f"{prefix}{number}", "value": "x"} for number in range(20)]

    contacts = [{"name": "", "phone": "+12025550100", "variables": known(prefix)} for prefix in "ab"]
    fields = wrong_fields(plan_data(contacts=contacts))
    assert fields == {"contacts": ["+12025550100 stands here more than once, with more than 20 variables."]}


@pytest.mark.parametrize("start", ["0001-01-01T00:00", "0001-01-01T00:00+14:00", "9999-12-31T23:00-11:00"])
def test_a_start_that_some_clocks_do_not_know_is_refused(start: str) -> None:
    assert list(wrong_fields(plan_data(start_at=start))) == ["start_at"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("title", "", "This must not be empty."),
        ("title", "x" * 121, "This is too long: at most 120 characters."),
        ("goal", " ", "This must not be empty."),
        ("opening", None, "This must be a text."),
        ("on_behalf_of", "", "This must not be empty."),
        ("contacts", [], "This needs at least 1."),
        ("max_attempts", 0, "This must be at least 1."),
        ("max_attempts", 11, "This must be at most 10."),
        ("max_attempts", "many", "This must be a whole number."),
        ("start_at", "next week", "Write date and time like 2026-11-27T10:00."),
        ("language", "plain English", "This is not written as it must be"),
    ],
)
def test_nonsense_is_named_in_words(field: str, value: object, words: str) -> None:
    assert wrong_fields(plan_data(**{field: value}))[field][0].startswith(words)


def test_unknown_and_missing_fields_are_named() -> None:
    data = plan_data(urgency="high")
    del data["goal"]
    assert wrong_fields(data) == {"goal": ["This is missing."], "urgency": ["There is no such field here."]}


@pytest.mark.parametrize("data", [None, [], "a plan", 7])
def test_what_is_no_object_is_no_plan(data: object) -> None:
    assert wrong_fields(data) == {}


@pytest.mark.parametrize("name", ["Keeps", "1st", "two words", "", "x" * 41])
def test_result_fields_have_snake_case_names(name: str) -> None:
    fields = [{"name": name, "label": "A label", "type": "text", "options": []}]
    assert "result_fields.0.name" in wrong_fields(plan_data(result_fields=fields))


def test_two_result_fields_of_one_name_are_refused() -> None:
    field = {"name": "city", "label": "City", "type": "text", "options": []}
    assert wrong_fields(plan_data(result_fields=[field, field])) == {
        "result_fields": ["There are two result fields named city."]
    }


def test_a_choice_needs_two_options() -> None:
    field = {"name": "day", "label": "Day", "type": "choice", "options": ["Monday"]}
    assert wrong_fields(plan_data(result_fields=[field]))["result_fields.0"] == ["A choice needs at least two options."]


def test_a_plan_says_when_to_call_again_after_what() -> None:
    plan = Plan.from_user(plan_data(retries={"busy": 3, "voicemail": None}))
    assert (plan.retries.busy, plan.retries.voicemail, plan.retries.no_answer) == (3, None, 120)
    assert Plan.from_user(plan_data()).retries.model_dump() == DEFAULT_TABLE


@pytest.mark.parametrize(
    ("retries", "path"),
    [
        ({"busy": 0}, "retries.busy"),
        ({"busy": -5}, "retries.busy"),
        ({"no_answer": 60 * 24 * 8}, "retries.no_answer"),
        ({"dropped": "soon"}, "retries.dropped"),
        ({"blocked": 10}, "retries.blocked"),
        ([], "retries"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused_in_words(retries: Any, path: str) -> None:
    assert list(wrong_fields(plan_data(retries=retries))) == [path]


def test_the_assistant_is_not_asked_for_the_table_and_cannot_lose_it() -> None:
    assert "retries" not in str(strict_schema(Plan))
    earlier = Plan.from_user(plan_data(retries={"busy": 3})).to_json()
    assert Plan.from_user(plan_data()).keeping(earlier).retries.busy == 3
    assert Plan.from_user(plan_data()).keeping(None).retries.busy == 10


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(field=st.sampled_from(sorted(plan_data())), value=anything)
def test_whatever_stands_in_a_field_it_is_a_plan_or_a_clear_error(field: str, value: object) -> None:
    try:
        plan = Plan.from_user(plan_data(**{field: value}))
    except DomainError as error:
        assert all(path.split(".")[0] == field for path in error.fields)
        assert error.fields
    else:
        assert plan.contacts


@given(st.lists(st.integers(min_value=0, max_value=99), min_size=1, max_size=30))
def test_every_number_is_called_once_in_the_order_of_the_plan(endings: list[int]) -> None:
    numbers = [f"+120255501{ending:02d}" for ending in endings]
    assert [contact.phone for contact in Plan.from_user(plan_data(*numbers)).contacts] == list(dict.fromkeys(numbers))


def test_what_the_law_needs_is_the_users_word_and_survives_the_assistants_next_plan() -> None:
    earlier = plan_data("+12025550100", "+12025550104", requires_consent=True)
    earlier["contacts"][1] |= {"consent": "By mail", "time_zone": "America/Chicago"}
    again = Plan.from_user(plan_data("+12025550104", "+12025550105")).keeping(earlier)
    assert again.requires_consent
    assert [(contact.consent, contact.time_zone) for contact in again.contacts] == [
        ("By mail", "America/Chicago"),
        ("", ""),
    ]
    schema = str(strict_schema(Plan))
    assert "consent" not in schema
    assert "time_zone" not in schema


def test_a_time_zone_that_is_none_is_named_with_its_place() -> None:
    plan = plan_data()
    plan["contacts"][0]["time_zone"] = "Mars/Olympus"
    assert "is not a time zone" in wrong_fields(plan)["contacts.0.time_zone"][0]


def test_what_to_do_at_a_voicemail_is_kept_and_nonsense_is_refused() -> None:
    plan = Plan.from_user(plan_data(voicemail="try_again"))
    assert Plan.from_user(plan_data()).keeping(plan.to_json()).voicemail == "try_again"
    assert Plan.from_user(plan_data()).voicemail == "as_instructed"
    with pytest.raises(DomainError) as refused:
        Plan.from_user(plan_data(voicemail="shout"))
    assert list(refused.value.fields) == ["voicemail"]


@pytest.mark.parametrize(
    ("brakes", "path"),
    [
        ({"failed": 0}, "brakes.failed"),
        ({"opted_out": 1.5}, "brakes.opted_out"),
        ({"silent": "half"}, "brakes.silent"),
        ({"of_last": 0}, "brakes.of_last"),
        ({"of_last": 1000}, "brakes.of_last"),
        ({"of_last": 5, "at_least": 6}, "brakes"),
        ({"busy": 0.5}, "brakes.busy"),
        (None, "brakes"),
    ],
)
def test_brakes_that_cannot_be_meant_are_refused_in_words(brakes: Any, path: str) -> None:
    assert list(wrong_fields(plan_data(brakes=brakes))) == [path]


def test_brakes_are_kept_when_the_assistant_writes_the_plan_anew() -> None:
    assert "brakes" not in str(strict_schema(Plan))
    earlier = Plan.from_user(plan_data(brakes={"failed": None})).to_json()
    assert Plan.from_user(plan_data()).keeping(earlier).brakes.failed is None
    assert Plan.from_user(plan_data()).keeping(None).brakes.failed == 0.5


def test_the_priority_is_kept_and_nonsense_is_refused() -> None:
    plan = Plan.from_user(plan_data(priority="low"))
    assert Plan.from_user(plan_data()).keeping(plan.to_json()).priority == "low"
    assert Plan.from_user(plan_data()).priority == "normal"
    assert "priority" not in str(strict_schema(Plan))
    assert list(wrong_fields(plan_data(priority="at once"))) == ["priority"]
