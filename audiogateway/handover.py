"""What one session of the model leaves to the next: the talk as it was heard, and the callee's words since then."""

from collections.abc import Iterator, Mapping, Sequence

from audiogateway.agent_speech import AgentSpeech
from audiogateway.bookkeeping import Bookkeeping
from audiogateway.line_format import LineFormat
from audiogateway.realtime.history import Heard, Said, ToolUse, Unwritten, go_on, newest, retell
from audiogateway.realtime.openai_codec import TurnDetection, append_audio, commit_audio, detect_turns
from audiogateway.tape import CalleeTape
from audiogateway.tool_calls import ToolCalls
from audiogateway.turns import HeardTurn

LEAST_SPEECH_MS = 200
"""Less sound than that is no word, and the server refuses to take it as one."""


class Handover:
    """Of one talk. It keeps the callee's last words as sound, and tells a new session all it must know."""

    def __init__(self, line_format: LineFormat, books: Bookkeeping, speech: AgentSpeech, tools: ToolCalls) -> None:
        self._bytes_per_ms = line_format.callee_bytes_per_ms
        self._least_bytes = LEAST_SPEECH_MS * self._bytes_per_ms
        self._books = books
        self._speech = speech
        self._tools = tools
        self.tape = CalleeTape(bytes_per_ms=self._bytes_per_ms)

    def session_lost(self) -> None:
        """What has come is still played, and what the callee says is kept."""
        self.tape.session_lost()
        self._speech.break_off()
        self._tools.session_lost()

    def events(self, ears: TurnDetection, *, goes_on: bool) -> list[bytes]:
        """For a session without turn detection: what was heard, and with `goes_on` that the agent has to go on."""
        self._speech.break_off()
        heard = self._heard()
        told = retell(heard)
        if goes_on and any(isinstance(item, Said) for item in heard):
            told.append(go_on())
        told.append(detect_turns(ears))
        since = self.tape.begin_session()
        self.tape.shift(sum(len(item.audio) for item in heard if isinstance(item, Unwritten)))
        return [*told, append_audio(since)] if since else told

    def last_words(self, now_ms: int) -> list[bytes]:
        """For a session without turn detection, when the callee has hung up: what nobody has written down."""
        told = retell(self._heard())
        since = self.tape.begin_session()
        if len(since) < self._least_bytes:
            return told
        self._books.say_again_at_the_end(now_ms - len(since) // self._bytes_per_ms, now_ms)
        return [*told, append_audio(since), commit_audio()]

    def _heard(self) -> list[Heard]:
        unwritten = self.tape.unwritten()
        speeches = {item: audio for item, audio in unwritten.items() if len(audio) >= self._least_bytes}
        uses = {use.item_id or use.call_id: use for use in self._tools.uses()}
        turns = [turn for turn in self._books.conversation() if self._was_or_will_be_heard(turn)]
        heard = newest(list(heard_so_far(turns, uses, speeches)))
        self._speech.was_retold(item.item_id for item in heard if isinstance(item, Said))
        self._books.say_again([item.item_id for item in heard if isinstance(item, Unwritten)], unwritten)
        return heard

    def _was_or_will_be_heard(self, turn: HeardTurn) -> bool:
        return turn.speaker != "agent" or turn.is_over or self._speech.will_be_heard(turn.item_id)


def heard_so_far(
    turns: Sequence[HeardTurn], uses: Mapping[str, ToolUse], speeches: Mapping[str, bytes]
) -> Iterator[Heard]:
    """In the order of the conversation; tool calls that have no place in it come last."""
    for turn in turns:
        if turn.item_id in uses:
            yield uses[turn.item_id]
        elif turn.item_id in speeches:
            yield Unwritten(turn.item_id, speeches[turn.item_id])
        elif turn.speaker is not None and turn.text:
            yield Said(turn.item_id, turn.speaker, turn.text, turn.is_cut)
    places = {turn.item_id for turn in turns}
    yield from (use for item_id, use in uses.items() if item_id not in places)
