"""What a tool of the agent is. A tool is one module with one `Tool`, and one row in tools/__init__.py."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from audiogateway.asking import OwnersWord
from audiogateway.phone_menu import PhoneMenu
from audiogateway.ports import CommandBus, Store, WallClock
from calls.contracts import TalkOrder
from opendeep.core.llm.schema import strict_schema

Arguments = TypeVar("Arguments", bound="ToolArguments")


class ToolArguments(BaseModel):
    """Base of all arguments: what the schema does not name is refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Talk(Protocol):
    """What a tool may do with the talk itself."""

    def end_after_last_words(self, cause: str) -> None:
        """Nothing more is answered; the call is hung up when what is being said has been heard."""

    def heard_texts(self) -> Sequence[str]:
        """What was said at the other end so far, as far as it is transcribed, in order."""

    def keys_were_pressed(self) -> None:
        """A phone menu has its answer: it may take its time."""

    def transfer_after_last_words(self, reason: str, command_id: str) -> None:
        """Nothing more is answered; the callee is put through when what is being said has been heard."""

    def voicemail_answered(self, *, leave_message: bool) -> bool:
        """A machine is on the line: the agent is asked for its message after the beep, or the call is hung up.

        True when the machine records already, so that the message is wanted at once.
        """


class OwnersLine(Protocol):
    """The way to the owner (asking.Asking)."""

    async def ask(self, command_id: str, text: str, *, say_meanwhile: str, seconds: int) -> OwnersWord:
        """Asks the owner and waits for so long at most, while the talk goes on and the callee hears why."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A tool's view of the call. `command_id` is the same for the same tool call, however often it arrives."""

    order: TalkOrder
    talk: Talk
    menu: PhoneMenu
    store: Store
    commands: CommandBus
    now: WallClock
    command_id: str
    owner: OwnersLine

    def note(self, kind: str, detail: Mapping[str, Any], *, command_id: str | None = None) -> None:
        """Writes an event of the call. With `command_id` once only; commands at the PBX have used theirs already."""
        self.store.record_event(
            self.order.call_id, kind=kind, source="agent", detail=detail, at=self.now(), command_id=command_id
        )


@dataclass(frozen=True, slots=True)
class ToolResult:
    """`output` goes to the model; without `reply` the agent says nothing about it."""

    output: Mapping[str, Any]
    reply: bool = True


def failed(what_to_do: str) -> ToolResult:
    """A result that tells the model in words what to do instead."""
    return ToolResult({"ok": False, "error": what_to_do})


@dataclass(frozen=True)
class Tool(Generic[Arguments]):
    """`description` is read by the model. `run` may take seconds: the talk goes on meanwhile.

    With `takes_long` nothing else waits for it: neither the outputs of other tools nor the end of the call.
    `is_offered`: whether the model is told of it in this call.
    """

    name: str
    description: str
    arguments: type[Arguments]
    run: Callable[[Arguments, Desk], Awaitable[ToolResult]]
    takes_long: bool = False
    is_offered: Callable[[TalkOrder], bool] = lambda order: True

    def to_json(self) -> dict[str, Any]:
        """The tool as the session's configuration tells it to the model."""
        return {
            "type": "function",
            "name": self.name,
            "description": self.description,
            "parameters": strict_schema(self.arguments),
        }
