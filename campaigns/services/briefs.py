"""What the agent is told about one call: the confirmed plan, the contact, and what earlier calls taught."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from calls.contracts import Brief, VoicemailPolicy
from calls.questions.contracts import QuestionView
from campaigns.models import Campaign, Task
from campaigns.selectors import Attempt

EARLIER_AT_MOST = 5
ANSWERS_AT_MOST = 10


def brief_for(
    task: Task, campaign: Campaign, attempts: Sequence[Attempt], questions: Sequence[QuestionView] = ()
) -> Brief:
    """`questions` are those that the agent asked its owner in earlier calls."""
    told = [_told(attempt) for attempt in attempts[-EARLIER_AT_MOST:]]
    answers = [_answered(question) for question in questions if question.answer]
    plan = campaign.plan
    return Brief(
        goal=plan["goal"],
        instructions=task.instructions,
        opening=plan["opening"],
        on_behalf_of=plan["on_behalf_of"],
        language=plan["language"],
        result_fields=tuple(plan["result_fields"]),
        variables={str(name): str(value) for name, value in task.contact.variables.items()},
        voicemail=_voicemail(plan.get("voicemail", "as_instructed"), attempts),
        earlier="\n".join([*told, *answers[-ANSWERS_AT_MOST:]]),
    )


def _voicemail(wanted: VoicemailPolicy, attempts: Sequence[Attempt]) -> VoicemailPolicy:
    """Nobody finds two messages about the same matter: after the first one only a person is still wanted."""
    left = any(attempt.call.message_left for attempt in attempts)
    return "try_again" if wanted == "leave_message" and left else wanted


def _told(attempt: Attempt) -> str:
    call, verdict = attempt.call, attempt.verdict
    when = (call.answered_at or call.created_at).astimezone(ZoneInfo(call.time_zone))
    parts = [
        f"Call {call.attempt} on {when:%A} {when.day} {when:%B} at {when:%H:%M}: {call.outcome.replace('_', ' ')}."
    ]
    if verdict is not None:
        parts += [verdict.summary, f"For this call: {verdict.next_instructions}" if verdict.next_instructions else ""]
    return " ".join(part for part in parts if part)


def _answered(question: QuestionView) -> str:
    """What the callee wanted to know and the owner has told since."""
    return f"Question: {question.text} Answer: {question.answer}"
