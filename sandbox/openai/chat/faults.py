"""What goes wrong on demand in Chat Completions: the kinds, and how an answer is spoiled."""

from dataclasses import replace

from sandbox.openai.chat.reply import Answer, ToolCall, count_tokens
from sandbox.openai.faults import TABLE, Fault

KINDS = frozenset(
    {
        "status",  # an HTTP error of `status`, with `retry_after`, `code` and `message`
        "nonsense",  # 200 with a page that no OpenAI server sends
        "hang",  # no answer for `seconds`, then 504
        "slow",  # the answer comes after `seconds`
        "not_json",  # prose instead of the structured output or the arguments of a tool
        "wrong_schema",  # JSON that breaks the schema
        "refusal",  # the model declines
        "truncated",  # half of the answer, finish_reason length
    }
)

PROSE = "Of course! Here is what I think about it, in my own words and not in the form you asked for."
WRONG = '{"unexpected": ["this breaks the schema"]}'
REFUSAL = "I'm sorry, but I can't help with that."


def take(names: frozenset[str]) -> Fault | None:
    """The fault that is due for a request of one of these roles, schemas or tools."""
    return TABLE.take("chat", kinds=KINDS, names=names)


def spoil(answer: Answer, fault: Fault) -> Answer:
    """The answer with the fault in its content; faults of other kinds leave it as it is."""
    if fault.kind in {"not_json", "wrong_schema"}:
        text = PROSE if fault.kind == "not_json" else WRONG
        calls = tuple(ToolCall(call.name, text, call.id) for call in answer.tool_calls)
        return replace(answer, content=None if calls else text, tool_calls=calls)
    if fault.kind == "refusal":
        return Answer(refusal=REFUSAL)
    if fault.kind == "truncated":
        return answer.cut_to(sum(count_tokens(text) for text in answer.texts()) // 2)
    return answer
