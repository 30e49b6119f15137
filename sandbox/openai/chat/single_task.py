"""The prompt of a single task: questions after one marker, or the agent's instructions after the other."""

from collections.abc import Sequence

from sandbox.openai.chat.assistant.conduct import is_refused, is_small_talk
from sandbox.openai.chat.assistant.conversation import OwnReply, Turn, UserAnswers, UserText
from sandbox.openai.chat.assistant.draft import Draft, draft_of
from sandbox.openai.chat.assistant.plan import plan_of
from sandbox.openai.chat.assistant.questions import Question, questions_for
from sandbox.openai.chat.assistant.reply import REFUSAL
from sandbox.openai.chat.data_block import data_of
from sandbox.openai.chat.request import Message

QUESTIONS = "[QUESTIONS_FOR_USER]"
INSTRUCTIONS = "[AGENT_INSTRUCTIONS]"


def is_asked_for(system_text: str) -> bool:
    return QUESTIONS in system_text and INSTRUCTIONS in system_text


def reply(messages: Sequence[Message]) -> str:
    """Judged by the user's messages; the number to call is not asked for, it comes when the task is scheduled."""
    draft, last = _draft(messages), messages[-1].text
    if is_refused(last):
        return f"{QUESTIONS}\n{REFUSAL}"
    if not draft.goal and is_small_talk(last):
        return f"{QUESTIONS}\nWhat should the call achieve?"
    questions = _questions(draft)
    if questions:
        lines = [f"{index}. {question['question']}" for index, question in enumerate(questions, start=1)]
        return "\n".join([QUESTIONS, *lines])
    plan = plan_of(draft)
    return f"{INSTRUCTIONS}\n{plan['instructions']}\nOpening sentence: {plan['opening']}"


def _draft(messages: Sequence[Message]) -> Draft:
    turns: list[Turn] = []
    for message in messages:
        if message.role == "user":
            turns += _user_turns(message.text)
        elif message.role == "assistant":
            asked = tuple(question["field"] for question in _questions(draft_of(turns, None)))
            turns.append(OwnReply(asked))
    return draft_of(turns, None)


def _user_turns(text: str) -> list[Turn]:
    """A description in plain words, or a data block of a description and the details collected so far."""
    data = data_of([text])
    if data is None:
        return [UserText(text)]
    description = next((value for key, value in data.items() if "description" in key and value), "")
    details = next((value for key, value in data.items() if "details" in key and isinstance(value, dict)), {})
    answers = {_field_of(key): value for key, value in details.items() if value}
    return [UserText(str(description)), OwnReply(tuple(answers)), UserAnswers(answers)]


def _field_of(key: str) -> str:
    """The question that a detail answers; details may be named by the field or by the question's own words."""
    words = key.lower().replace("_", " ")
    named = {"behalf": "on_behalf_of", "times": "time_preferences", "time pref": "time_preferences", "goal": "goal"}
    named["achieve"] = "goal"
    return next((field for word, field in named.items() if word in words), "extra_details")


def _questions(draft: Draft) -> list[Question]:
    return [
        question
        for question in questions_for(draft)
        if not question["field"].startswith("phone_number") and question["required"]
    ]
