"""The agent's tool calls of one talk: each executed once, its output told when the model can take it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog
from pydantic import ValidationError

from audiogateway.ports import Spawn
from audiogateway.realtime.events import ToolCalled
from audiogateway.realtime.history import ToolUse
from audiogateway.realtime.openai_codec import tool_output
from audiogateway.tools import TOOLS
from audiogateway.tools.base import Desk, ToolResult, failed

log = structlog.get_logger(__name__)

MAX_CALLS = 100
"""Of one talk. A model that goes beyond that is in a loop."""


@dataclass(frozen=True, slots=True)
class _Output:
    response_id: str
    call_id: str
    result: ToolResult


class ToolCalls:
    """Outputs wait for the `response.done` of the response that made the call; the server refuses them before.

    `send` takes a client event, `ask` asks for a response once every output of a round is in.
    """

    def __init__(
        self, desk: Callable[[str], Desk], spawn: Spawn, send: Callable[[bytes], None], ask: Callable[[], None]
    ) -> None:
        self._desk = desk
        self._spawn = spawn
        self._send = send
        self._ask = ask
        self._known: set[str] = set()
        self._running: set[str] = set()
        self._waiting: set[str] = set()
        self._outputs: list[_Output] = []
        self._open_responses: set[str] = set()
        self._reply_wanted = False
        self._is_away = False
        self._uses: dict[str, ToolUse] = {}

    def response_created(self, response_id: str) -> None:
        self._open_responses.add(response_id)

    def response_done(self, response_id: str) -> None:
        self._open_responses.discard(response_id)
        self._deliver()

    def responses_forgotten(self) -> None:
        """The server will not tell of the end of its responses any more: what waited for it is told now."""
        self._open_responses.clear()
        self._deliver()

    def called(self, call: ToolCalled) -> None:
        """Runs the tool; a call that was seen before is not run again."""
        if call.call_id in self._known:
            return
        self._known.add(call.call_id)
        tool = TOOLS.get(call.name)
        (self._waiting if tool is not None and tool.takes_long else self._running).add(call.call_id)
        self._uses[call.call_id] = ToolUse(call.item_id, call.call_id, call.name, call.arguments, None)
        self._spawn(self._run(call))

    @property
    def is_idle(self) -> bool:
        """Nothing is under way, except what takes long."""
        return not self._running and not self._outputs

    @property
    def is_waiting(self) -> bool:
        """For something that takes long."""
        return bool(self._waiting)

    # When the session is lost or replaced

    def session_lost(self) -> None:
        """Outputs wait for the next session."""
        self._is_away = True
        self._open_responses.clear()

    def uses(self) -> list[ToolUse]:
        """All calls so far, with the outputs that there are."""
        return list(self._uses.values())

    def session_renewed(self) -> None:
        """Another session knows all of `uses`."""
        self._is_away = False
        self._reply_wanted |= any(output.result.reply for output in self._outputs)
        self._outputs = []
        self._deliver()

    async def _run(self, call: ToolCalled) -> None:
        try:
            result = await self._result(call)
        finally:
            self._running.discard(call.call_id)
            self._waiting.discard(call.call_id)
        text = json.dumps(result.output, ensure_ascii=False)
        self._uses[call.call_id] = replace(self._uses[call.call_id], output=text)
        self._outputs.append(_Output(call.response_id, call.call_id, result))
        self._deliver()

    async def _result(self, call: ToolCalled) -> ToolResult:
        tool = TOOLS.get(call.name)
        if tool is None:
            return failed(f"There is no tool {call.name[:60]!r}. Use {', '.join(TOOLS)}.")
        if len(self._known) > MAX_CALLS:
            return failed("Too many tool calls. Say goodbye and end the call.")
        try:
            arguments = tool.arguments.model_validate_json(call.arguments or "{}")
        except ValidationError as error:
            return failed(f"The arguments cannot be used: {_complaint(error)} Call {tool.name} again with valid ones.")
        try:
            return await tool.run(arguments, self._desk(call.call_id))
        except Exception:  # noqa: BLE001 - a tool that breaks must not leave the model without an answer
            log.exception("tool_failed", tool=tool.name)
            return failed("This did not work. Apologize, say that we will be in touch, and go on without it.")

    def _deliver(self) -> None:
        if self._is_away:
            return
        ready = [output for output in self._outputs if output.response_id not in self._open_responses]
        self._outputs = [output for output in self._outputs if output.response_id in self._open_responses]
        for output in ready:
            self._send(tool_output(output.call_id, output.result.output))
            self._reply_wanted |= output.result.reply
        if self._reply_wanted and self.is_idle:
            self._reply_wanted = False
            self._ask()


def _complaint(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)[:3]
    return "; ".join(f"{'.'.join(map(str, p['loc'])) or 'arguments'}: {p['msg']}" for p in problems) + "."
