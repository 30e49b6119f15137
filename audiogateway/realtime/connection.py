"""Opens a Realtime session at OpenAI, configures it, and is the session's mouth from then on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

import structlog

from audiogateway.patience import SESSION_SECONDS, session_seconds
from audiogateway.realtime import events
from audiogateway.realtime.error_codes import Severity, severity
from audiogateway.realtime.events import Event
from audiogateway.realtime.openai_codec import Configuration, Decoder, append_audio, configure
from audiogateway.realtime.websocket import Closed, HandshakeRefused, WebSocketConnection, tls_context
from opendeep.core.errors import PermanentError, RetryableError

log = structlog.get_logger(__name__)

OPEN_SECONDS = 10.0
"""From the first packet to the acknowledged configuration."""
PERMANENT_STATUSES = frozenset({400, 401, 403, 404})


@dataclass(frozen=True, slots=True)
class RealtimeAccess:
    """Where the model is and who we are."""

    url: str
    model: str
    api_key: str

    def __repr__(self) -> str:
        return f"RealtimeAccess({self.url}, {self.model})"


class Voice(Protocol):
    """An open, configured session of the model. `lives_seconds`: after that the server closes it."""

    @property
    def lives_seconds(self) -> float: ...

    def send(self, event: bytes) -> None:
        """One client event. Nothing happens when the connection is gone; the listener is told of that."""

    def send_audio(self, audio: bytes) -> None:
        """The callee's sound, in the configured format."""

    def close(self) -> None: ...


class VoiceListener(Protocol):
    """Who hears a voice (the session of its call)."""

    def on_event(self, event: Event) -> None: ...
    def on_voice_lost(self, reason: str) -> None: ...


OpenVoice = Callable[[Configuration, VoiceListener], Awaitable[Voice]]
"""How a roster opens voices: RealtimeClient.open."""


class RealtimeConnection:
    """Implements `Voice`. Until the configuration is acknowledged, events are answered here."""

    def __init__(
        self,
        configuration: Configuration,
        listener: VoiceListener,
        *,
        on_closed: "Callable[[RealtimeConnection], None]",
    ) -> None:
        self._configuration = configuration
        self._tell_closed = on_closed
        self._listener = listener
        self._decoder = Decoder()
        self._socket: WebSocketConnection | None = None
        self._closed_by_us = False
        self.lives_seconds = SESSION_SECONDS
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self, access: RealtimeAccess) -> None:
        url = f"{access.url}?{urlencode({'model': access.model})}"
        headers = {"Authorization": f"Bearer {access.api_key}", "User-Agent": "OpenDeep"}
        self._socket = WebSocketConnection(url, headers, on_text=self._on_text, on_closed=self._on_closed)
        await self._socket.open()
        await self._ready

    def send(self, event: bytes) -> None:
        if self._socket is not None:
            self._socket.send_text(event)

    def send_audio(self, audio: bytes) -> None:
        if self._socket is not None:
            self._socket.send_text(append_audio(audio))

    def close(self) -> None:
        self._closed_by_us = True
        self._ready.cancel()
        if self._socket is not None:
            self._socket.close()

    async def wait_closed(self) -> None:
        if self._socket is not None:
            await self._socket.wait_closed()

    @property
    def ignored_events(self) -> int:
        return self._decoder.ignored

    def _on_text(self, text: bytes) -> None:
        event = self._decoder.decode(text)
        if event is None or self._closed_by_us:
            return
        if self._ready.done():
            self._listener.on_event(event)
        else:
            self._on_opening_event(event)

    def _on_opening_event(self, event: Event) -> None:
        match event:
            case events.SessionCreated(expires_at):
                self.lives_seconds = session_seconds(expires_at - time.time() if expires_at else None)
                self.send(configure(self._configuration))
            case events.SessionUpdated(input_format, output_format):
                wanted = self._configuration
                if input_format not in (wanted.input_format, ""):
                    self._fail(PermanentError(f"The model would hear {input_format}, not {wanted.input_format}."))
                elif output_format not in (wanted.output_format, ""):
                    self._fail(PermanentError(f"The model would speak {output_format}, not {wanted.output_format}."))
                else:
                    self._ready.set_result(None)
            case events.ServerError(code, message):
                self._fail(_refused(code, message))
            case events.ProtocolProblem(what):
                self._fail(RetryableError(f"The model answered nonsense: {what}."))

    def _on_closed(self, closed: Closed) -> None:
        self._tell_closed(self)
        why = f"The model closed the connection ({closed.code} {closed.reason})".strip()
        if not self._ready.done():
            self._fail(RetryableError(why))
        elif not self._closed_by_us:
            self._listener.on_voice_lost(why)

    def _fail(self, error: Exception) -> None:
        if not self._ready.done():
            self._ready.set_exception(error)


class RealtimeClient:
    """Opens sessions, and knows those that are open."""

    def __init__(self, access: RealtimeAccess) -> None:
        if access.url.startswith("wss:"):
            tls_context()
        self._access = access
        self._connections: set[RealtimeConnection] = set()

    async def open(self, configuration: Configuration, listener: VoiceListener) -> Voice:
        """A session that is open and configured. Raises PermanentError or RetryableError with a sentence for people."""
        connection = RealtimeConnection(configuration, listener, on_closed=self._connections.discard)
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await connection.open(self._access)
        except TimeoutError:
            connection.close()
            raise RetryableError(f"The model did not answer within {OPEN_SECONDS:g} seconds.") from None
        except HandshakeRefused as refusal:
            raise _refused_by_status(refusal) from None
        except OSError as error:
            raise RetryableError(f"The model cannot be reached: {error.strerror or type(error).__name__}.") from None
        except BaseException:
            connection.close()
            raise
        self._connections.add(connection)
        return connection

    async def close(self) -> None:
        """Closes what is open, and waits until it is closed."""
        connections = list(self._connections)
        for connection in connections:
            connection.close()
        for connection in connections:
            await connection.wait_closed()


def _refused(code: str, message: str) -> Exception:
    kind = PermanentError if severity(code) is Severity.FATAL else RetryableError
    return kind(f"The model refused the session: {message or code or 'no reason given'}")


def _refused_by_status(refusal: HandshakeRefused) -> Exception:
    if refusal.status in {401, 403}:
        return PermanentError("The model refused the key; check OPENAI_API_KEY.")
    if refusal.status in PERMANENT_STATUSES:
        return PermanentError(f"The model refused the session: {refusal}; check OPENAI_REALTIME_MODEL and its address.")
    return RetryableError(f"The model refused the session: {refusal}.")
