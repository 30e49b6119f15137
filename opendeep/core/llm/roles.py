"""What a role is: a versioned prompt, the name and type of its answer, and what came of asking it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True)
class Role(Generic[Answer]):
    """`prompt` is a text file (`<app>/prompts/<role>/v<N>.md`); `name` is the schema's or tool's name on the wire.

    With `as_tool` the model must call a function of that name instead of answering with the schema.
    """

    name: str
    prompt: Path
    answer: type[Answer]
    as_tool: bool = False
    description: str = ""

    def system_text(self, values: Mapping[str, str] | None = None) -> str:
        """The prompt with `{{ name }}` replaced by `values`; unknown names stay, so that a typo is seen in tests."""
        text = self.prompt.read_text(encoding="utf-8")
        for name, value in (values or {}).items():
            text = text.replace(f"{{{{ {name} }}}}", value)
        return text

    @property
    def prompt_hash(self) -> str:
        """`v1:` and the first 16 hex digits of the prompt's SHA-256, stored with every result."""
        digest = hashlib.sha256(self.prompt.read_bytes()).hexdigest()
        return f"{self.prompt.stem}:{digest[:16]}"


@dataclass(frozen=True)
class RoleResult(Generic[Answer]):
    """`usage` counts input_tokens, cached_tokens, output_tokens over all rounds."""

    answer: Answer
    model: str
    prompt_hash: str
    usage: Mapping[str, int] = field(default_factory=dict)
    rounds: int = 1


@dataclass(frozen=True)
class ChatTurn:
    role: str  # "user" or "assistant"
    content: str

    def to_message(self) -> dict[str, Any]:
        return {"role": self.role, "content": self.content}
