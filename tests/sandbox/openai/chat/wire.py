"""What the product puts on the wire, for tests: the schemas of the roles and messages with data."""

import json
from typing import Any

from sandbox.openai.chat.request import Message

Json = dict[str, Any]


def closed(properties: Json) -> Json:
    """A strict object schema."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


TEXT: Json = {"type": "string"}
FLAG: Json = {"type": "boolean"}
WHOLE: Json = {"type": "integer"}
MAYBE: Json = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def many(items: Json) -> Json:
    return {"type": "array", "items": items}


QUESTION = closed(
    {
        "field": TEXT,
        "question": TEXT,
        "type": {
            "type": "string",
            "enum": ["text", "textarea", "choice", "date", "time", "datetime", "phone", "number"],
        },
        "options": many(TEXT),
        "required": FLAG,
        "suggestion": MAYBE,
    }
)
RESULT_FIELD = closed(
    {
        "name": TEXT,
        "label": TEXT,
        "type": {"type": "string", "enum": ["text", "yes_no", "number", "date", "datetime", "choice"]},
        "options": many(TEXT),
    }
)
CONTACT = closed({"name": TEXT, "phone": TEXT, "variables": many(closed({"name": TEXT, "value": TEXT}))})
PLAN = closed(
    dict.fromkeys(("title", "goal", "on_behalf_of", "instructions", "opening", "language"), TEXT)
    | {"contacts": many(CONTACT), "result_fields": many(RESULT_FIELD), "start_at": MAYBE, "max_attempts": WHOLE}
)
ASSISTANT_REPLY = closed(
    {
        "status": {"type": "string", "enum": ["clarifying", "needs_more_info", "plan_complete"]},
        "message": TEXT,
        "questions": many(QUESTION),
        "plan": {"anyOf": [PLAN, {"type": "null"}]},
    }
)
VERDICT = closed(
    {
        "task_completed": FLAG,
        "reason": TEXT,
        "next_call_needed": FLAG,
        "next_call_at": MAYBE,
        "next_instructions": MAYBE,
        "summary": TEXT,
        "do_not_call_requested": FLAG,
        "results": many(closed({"field": TEXT, "value": TEXT, "evidence_turns": many(WHOLE)})),
        "evidence_turns": many(WHOLE),
    }
)
CAMPAIGN_REPORT = closed({"headline": TEXT, "summary_markdown": TEXT, "next_steps": many(TEXT)})
SCHEDULE_CALL_BATCH = closed(
    {
        "plan_revision": WHOLE,
        "contact_count": WHOLE,
        "phone_numbers": many(TEXT),
        "instructions": TEXT,
        "start_at": MAYBE,
        "max_attempts": WHOLE,
    }
)

SYSTEM = "You help a person.\nNow: 2026-11-22T16:30 (America/New_York)\nToday is Sunday."
DEMO = (
    "Ask these three numbers whether they want to keep their appointment on Friday at ten: "
    "+12025550100, +12025550104, +12025550105"
)


def response_format(name: str, schema: Json) -> Any:
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}


def tool(name: str, parameters: Json) -> Any:
    return {"type": "function", "function": {"name": name, "strict": True, "parameters": parameters}}


def data_message(data: object) -> str:
    return f"Judge this.\n<data>\n{json.dumps(data)}\n</data>"


def answers_message(values: Json) -> str:
    return f"<answers>\n{json.dumps(values)}\n</answers>"


def conversation(*user_texts: str, system: str = SYSTEM) -> list[Message]:
    return [Message("system", system), *(Message("user", text) for text in user_texts)]
