"""Who answers a request: the role is told by the name of the schema or of the tool."""

import json
from collections.abc import Callable
from typing import Any

from sandbox.openai.chat import general, orchestrator, single_task, summarizer
from sandbox.openai.chat.analyst import verdict
from sandbox.openai.chat.assistant import reply as assistant
from sandbox.openai.chat.conform import MISSING, conform
from sandbox.openai.chat.data_block import Data, data_of
from sandbox.openai.chat.reply import Answer, ToolCall
from sandbox.openai.chat.request import ChatRequest, Tool

FROM_DATA: dict[str, tuple[str, Callable[[Data], Data]]] = {
    "verdict": ("analyst", verdict.judge),
    "campaign_report": ("summarizer", summarizer.summarize),
    "schedule_call_batch": ("orchestrator", orchestrator.schedule),
}
ASSISTANT_SCHEMA = "assistant_reply"


def role_of(request: ChatRequest) -> str:
    """assistant, orchestrator, analyst, summarizer, single_task, or general."""
    if request.schema_name == ASSISTANT_SCHEMA:
        return "assistant"
    for name in sorted(request.names & FROM_DATA.keys()):
        return FROM_DATA[name][0]
    if request.format == "text" and single_task.is_asked_for(request.system_text()):
        return "single_task"
    return "general"


def answer(request: ChatRequest) -> Answer:
    """The same request gives the same answer. Raises ApiError (400) for a schema that cannot be satisfied."""
    if tool := _chosen_tool(request):
        arguments = conform(_say(tool.name, request), tool.parameters)
        return Answer(tool_calls=(ToolCall(tool.name, json.dumps(arguments)),))
    if request.schema is not None:
        return Answer(json.dumps(conform(_say(request.schema_name or "", request), request.schema)))
    if request.format == "json_object":
        return Answer(json.dumps({"answer": general.short_answer(*request.user_texts()[:1])}))
    if role_of(request) == "single_task":
        return Answer(single_task.reply(request.messages))
    return Answer(general.short_answer(*request.user_texts()[:1]))


def _say(name: str, request: ChatRequest) -> Any:
    """What the role wants to say, before it is poured into the schema."""
    if name == ASSISTANT_SCHEMA:
        return assistant.reply(request.messages)
    data = data_of(request.user_texts())
    if name in FROM_DATA and data is not None:
        return FROM_DATA[name][1](data)
    return data if data is not None else MISSING


def _chosen_tool(request: ChatRequest) -> Tool | None:
    """The forced tool; a tool when one is required; by choice only one that the user's data is meant for."""
    if request.tool_choice == "none":
        return None
    tools = {tool.name: tool for tool in request.tools}
    if request.forced_tool is not None:
        return tools[request.forced_tool]
    known = [tool for name, tool in tools.items() if name in FROM_DATA]
    if request.tool_choice == "required":
        return (known or list(request.tools))[0]
    answered = request.messages[-1].role == "tool"
    has_data = data_of(request.user_texts()) is not None
    return known[0] if known and has_data and not answered else None
