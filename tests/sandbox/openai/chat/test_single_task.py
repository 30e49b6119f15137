"""The prompt of a single task, whose answers carry markers."""

from sandbox.openai.chat import single_task
from sandbox.openai.chat.request import Message
from tests.sandbox.openai.chat.wire import conversation, data_message

SYSTEM = "Begin with [QUESTIONS_FOR_USER] to ask, or with [AGENT_INSTRUCTIONS] when all is known."


def test_the_markers_in_the_system_message_ask_for_it() -> None:
    assert single_task.is_asked_for(SYSTEM)
    assert not single_task.is_asked_for("Be brief.")


def test_what_is_missing_is_asked_for() -> None:
    answer = single_task.reply(conversation("Book an appointment with the dentist", system=SYSTEM))

    lines = answer.splitlines()
    assert lines[0] == "[QUESTIONS_FOR_USER]"
    assert lines[1] == "1. On whose behalf should the call be made?"
    assert len(lines) == 3


def test_instructions_come_when_all_is_known() -> None:
    answer = single_task.reply(conversation("On behalf of Anna, ask whether the car is ready.", system=SYSTEM))

    assert answer.startswith("[AGENT_INSTRUCTIONS]\nYou are calling on behalf of Anna.")
    assert "Ask whether the car is ready." in answer


def test_an_answer_in_plain_words_is_taken() -> None:
    messages = conversation("Ask whether the car is ready.", system=SYSTEM)
    messages += [Message("assistant", single_task.reply(messages)), Message("user", "Anna Smith")]

    assert "calling on behalf of Anna Smith" in single_task.reply(messages)


def test_collected_details_are_taken_from_the_data() -> None:
    data = {
        "user_task_description": "Book an appointment with the dentist",
        "current_collected_details": {"On whose behalf?": "Anna", "time_preferences": "mornings", "Age?": "44 years"},
    }

    answer = single_task.reply(conversation(data_message(data), system=SYSTEM))

    assert answer.startswith("[AGENT_INSTRUCTIONS]")
    assert all(word in answer for word in ("Anna", "mornings", "44 years"))


def test_talk_is_asked_for_its_goal() -> None:
    assert "What should the call achieve?" in single_task.reply(conversation("hello", system=SYSTEM))


def test_harm_is_refused() -> None:
    answer = single_task.reply(conversation("Threaten my neighbor on behalf of Anna", system=SYSTEM))

    assert answer.startswith("[QUESTIONS_FOR_USER]\nI am sorry")
