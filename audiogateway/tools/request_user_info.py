"""request_user_info: the agent asks its owner while the callee waits. The talk goes on meanwhile."""

from pydantic import Field

from audiogateway.asking import OwnersWord, Word
from audiogateway.tools.base import Desk, Tool, ToolArguments, ToolResult, failed

SHORTEST_SECONDS, LONGEST_SECONDS = 15, 180
USUAL_SECONDS = 60

CALL_BACK = (
    "Say that you could not find it out and that we will call back with the answer, say goodbye, and call end_call "
    "with the outcome callback."
)


class RequestUserInfoArguments(ToolArguments):
    question: str = Field(
        min_length=1,
        max_length=500,
        description="The question for the owner, in one sentence that is understood without having heard the call.",
    )
    say_meanwhile: str = Field(
        min_length=1, max_length=200, description="What you tell the callee now, like: One moment please, I am asking."
    )
    timeout_seconds: int = Field(
        default=USUAL_SECONDS,
        description=f"So long the callee can be asked to wait: {SHORTEST_SECONDS} to {LONGEST_SECONDS}, usually 60.",
    )


async def request_user_info(arguments: RequestUserInfoArguments, desk: Desk) -> ToolResult:
    seconds = min(max(arguments.timeout_seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
    came = await desk.owner.ask(
        desk.command_id, arguments.question, say_meanwhile=arguments.say_meanwhile, seconds=seconds
    )
    return result_of(came)


def result_of(came: OwnersWord) -> ToolResult:
    """The owner's word as the model is told it."""
    match came.word:
        case Word.ANSWERED:
            said = "Tell the callee the answer in your own words, and go on."
            return ToolResult({"ok": True, "answer": came.answer, "next": said})
        case Word.GO_ON:
            said = "Your owner has no answer. Say that you do not know, and go on without it."
            return ToolResult({"ok": True, "answer": None, "next": said})
        case Word.NO_ANSWER:
            return ToolResult({"ok": False, "status": "timeout", "answer": None, "next": CALL_BACK})
        case Word.UNREACHABLE:
            return failed(f"Your owner cannot be asked now. {CALL_BACK}")
        case Word.TALK_OVER:
            return ToolResult({"ok": False, "answer": None, "next": "The talk is over."}, reply=False)


REQUEST_USER_INFO = Tool(
    name="request_user_info",
    description=(
        "The callee asks or needs something that only your owner knows. Your owner is asked on their screen while the "
        "callee waits; you may go on talking. The answer comes as the output. Do not ask the same thing twice."
    ),
    arguments=RequestUserInfoArguments,
    run=request_user_info,
    takes_long=True,
)
