from sandbox.openai.chat.orchestrator import MAX_LISTED_NUMBERS, schedule


def plan(count: int) -> dict[str, object]:
    contacts = [{"name": "", "phone": f"+1202555{number:04}"} for number in range(count)]
    return {"contacts": contacts, "instructions": "Ask.", "start_at": "2026-11-23T09:00", "max_attempts": 2}


def test_the_plan_is_handed_on_as_it_is() -> None:
    arguments = schedule({"plan": plan(2), "plan_revision": 7, "contact_count": 2})

    assert arguments == {
        "plan_revision": 7,
        "contact_count": 2,
        "phone_numbers": ["+12025550000", "+12025550001"],
        "instructions": "Ask.",
        "start_at": "2026-11-23T09:00",
        "max_attempts": 2,
    }


def test_a_long_list_is_only_counted() -> None:
    shown = plan(MAX_LISTED_NUMBERS)

    arguments = schedule({"plan": shown, "plan_revision": 1, "contact_count": 300})

    assert (arguments["contact_count"], arguments["phone_numbers"]) == (300, [])


def test_the_goal_stands_in_for_missing_instructions() -> None:
    assert schedule({"plan": {"goal": "Ask whether it rains"}})["instructions"] == "Ask whether it rains"
