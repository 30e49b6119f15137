import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.openai.chat.language.result_fields import result_fields_of


@pytest.mark.parametrize(
    ("goal", "fields"),
    [
        ("Ask whether they want to keep their appointment on Friday at ten", {"keeps_appointment": "yes_no"}),
        ("Remind these 300 customers of the recall and note who wants a replacement", {"wants_replacement": "yes_no"}),
        ("Ask whether they are coming to the party", {"is_coming": "yes_no"}),
        ("Ask whether Friday at ten still suits.", {"friday_suits": "yes_no"}),
        ("Ask if they got the parcel", {"got_parcel": "yes_no"}),
        ("Ask whether the delivery arrived", {"arrived": "yes_no"}),
        ("Ask whether they would like a callback", {"wants_callback": "yes_no"}),
        ("Ask whether he will attend the meeting", {"attends_meeting": "yes_no"}),
        ("Check if they carry size 12", {"carries_size_12": "yes_no"}),
        ("Ask whether there is a table for two on Friday", {"table_available": "yes_no"}),
        (
            "Ask whether they can come on Friday and whether they need parking",
            {"can_come": "yes_no", "needs_parking": "yes_no"},
        ),
        ("Find out how many people will attend", {"number_of_people": "number"}),
        ("Ask how much it costs", {"amount": "number"}),
        ("Ask when the office opens", {"when_office_opens": "datetime"}),
        ("Book a dentist appointment next week", {"appointment_at": "datetime"}),
        ("Find out who is in charge of purchasing", {"who_is_in_charge": "text"}),
        ("Wish her a happy birthday", {"answer": "text"}),
        ("", {"answer": "text"}),
    ],
)
def test_the_fields_follow_from_the_goal(goal: str, fields: dict[str, str]) -> None:
    assert {field["name"]: field["type"] for field in result_fields_of(goal)} == fields


def test_a_preference_is_a_choice_of_what_is_named() -> None:
    (field,) = result_fields_of("Ask whether they prefer morning or afternoon")

    assert (field["name"], field["type"], field["options"]) == ("preference", "choice", ["morning", "afternoon"])


@given(st.one_of(st.text(max_size=200), st.text(max_size=50).map(lambda text: f"Ask whether they {text}")))
def test_every_goal_gives_fields_with_good_unique_names(goal: str) -> None:
    names = [field["name"] for field in result_fields_of(goal)]

    assert names
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) for name in names)
    assert all(1 <= len(field["label"]) <= 120 for field in result_fields_of(goal))
