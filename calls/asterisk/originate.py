"""Originate over AMI with the `asterisk-ami` library, behind the port of dialer.py.

The library brings connection, framing and actions. What it leaves open is closed here: its socket timeout would
kill the reader after seconds of silence, it writes without a lock and perhaps in part, a missing greeting ends its
thread without a word, its futures wait without an end or stay behind, and it sends line ends inside values.
"""

import math
import queue
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import structlog
from asterisk.ami import AMIClient, LogoffAction, SimpleAction
from asterisk.ami.response import Response
from django.core.exceptions import ImproperlyConfigured

from calls.asterisk.dialer import Accepted, Answer, BadOrder, DialOrder, NotSent, PbxUnavailable, Refused, Unknown
from calls.asterisk.pbx import pbx_named
from calls.asterisk.sending import TooLate, sending_before
from calls.asterisk.tls import TlsConnection

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 3.0
LOGIN_SECONDS = 5.0
ANSWER_SECONDS = 5.0
LOGOFF_SECONDS = 1.0
MAX_SESSION_BYTES = 1_000_000
"""What a session may receive: its answers are some hundred bytes, so anything above is no PBX."""

CHANNEL = re.compile(r"[A-Za-z0-9_]+/[A-Za-z0-9_+@.:/-]{1,200}")
CONTEXT = re.compile(r"[A-Za-z0-9_-]{1,80}")
SECRET = re.compile(r"[^\r\n\0]{0,200}")


class Silence(Exception):
    """No answer within the deadline."""


class Lost(Exception):
    """The connection was lost before the answer."""


class _Bounded:
    """Receives at most MAX_SESSION_BYTES, because the library buffers whatever comes."""

    def __init__(self, connection: socket.socket | TlsConnection) -> None:
        self._connection = connection
        self._received = 0
        self.sendall = connection.sendall
        self.shutdown = connection.shutdown
        self.close = connection.close

    def recv(self, size: int) -> bytes:
        data = self._connection.recv(size)
        self._received += len(data)
        if self._received > MAX_SESSION_BYTES:
            raise OSError("The other side sends too much for a PBX.")
        return data


class _Client(AMIClient):  # type: ignore[misc]
    """The library's client with deadlines: it answers, or raises Silence or Lost, and leaves nothing behind."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(address=host, port=port)
        self._tls = tls
        self._thread: threading.Thread | None = None
        self._write_lock = threading.Lock()
        self._answers: dict[str, queue.SimpleQueue[Response | None]] = {}
        self._greeting: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.add_listener(on_connect=lambda **_: self._greeting.put(True))

    def connect(self) -> None:
        """Connects and waits for the greeting. Raises OSError, Silence, Lost."""
        plain = socket.create_connection((self._address, self._port), CONNECT_SECONDS)
        self._socket = _Bounded(self._open_line(plain))
        self.finished = threading.Event()
        self._thread = threading.Thread(target=self.listen, name="ami-reader", daemon=True)
        self._thread.start()
        try:
            greeted = self._greeting.get(timeout=LOGIN_SECONDS)
        except queue.Empty:
            raise Silence from None
        if not greeted:
            raise Lost

    def _open_line(self, plain: socket.socket) -> socket.socket | TlsConnection:
        if self._tls is not None:
            try:
                return TlsConnection(plain, self._tls, self._address, ANSWER_SECONDS)
            except OSError:
                plain.close()
                raise
        plain.settimeout(None)  # the reader may wait as long as the session lasts
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(ANSWER_SECONDS), 0))
        return plain

    def listen(self) -> None:
        try:
            super().listen()
        except Exception as error:  # noqa: BLE001 - the library raises bare Exception for a foreign greeting
            log.debug("ami_reader_ended", error=repr(error))
        finally:
            self.finished.set()
            self._greeting.put(False)
            for answer in list(self._answers.values()):
                answer.put(None)

    def fire_recv_reponse(self, response: Response) -> None:
        answer = self._answers.get(response.keys.get("ActionID", ""))
        if answer is not None:
            answer.put(response)

    def ask(self, action: SimpleAction, seconds: float) -> Response:
        question = self.put(action)
        return self.answer_to(question, time.monotonic() + seconds)

    def put(self, action: SimpleAction, *, before: float = math.inf) -> str:
        """Sends `action`; answer_to() must be asked about what it returns. Raises Lost.

        Raises TooLate when it could not be sent before `before`, and then it never is.
        """
        question = str(action.keys.setdefault("ActionID", uuid4().hex))
        self._answers[question] = queue.SimpleQueue()
        try:
            if self.finished.is_set():
                raise Lost
            self.send_before(action, before)
        except OSError as error:
            del self._answers[question]
            raise Lost from error
        except (Lost, TooLate):
            del self._answers[question]
            raise
        return question

    def answer_to(self, question: str, deadline: float) -> Response:
        """Waits until `deadline` of the monotonic clock. Raises Silence or Lost."""
        try:
            response = self._answers[question].get(timeout=max(deadline - time.monotonic(), 0.0))
        except queue.Empty:
            raise Silence from None
        finally:
            del self._answers[question]
        if response is None:
            raise Lost
        return response

    def send_before(self, pack: SimpleAction, before: float) -> None:
        if before == math.inf:
            self.send(pack)
            return
        with sending_before(before):
            self.send(pack)

    def send(self, pack: SimpleAction) -> None:
        with self._write_lock:
            self._socket.sendall(f"{pack}\r\n".encode())

    def disconnect(self) -> None:
        """Wakes the reader, which the library would leave in recv, and waits for it."""
        if self._thread is None:
            return  # never connected
        self.finished.set()
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            log.debug("ami_already_closed", error=str(error))
        self._thread.join(LOGOFF_SECONDS)
        self._socket.close()


@dataclass(frozen=True, slots=True)
class AmiSession:
    """A logged-in connection (implements dialer.DialSession)."""

    client: _Client
    dial_string: str
    context: str

    def originate(self, orders: Sequence[DialOrder], *, before: float) -> list[Answer]:
        sent: list[str | Answer] = []
        for order in orders:
            is_lost = bool(sent) and isinstance(sent[-1], Unknown | NotSent)  # perhaps in the middle of an action
            sent.append(NotSent() if is_lost else self._send(order, before))
        deadline = time.monotonic() + ANSWER_SECONDS
        return [self._answer(question, deadline) if isinstance(question, str) else question for question in sent]

    def _send(self, order: DialOrder, before: float) -> str | Answer:
        """What to ask the client for the answer, or the answer when nothing was sent."""
        try:
            return self.client.put(originate_action(order, self.dial_string, self.context), before=before)
        except BadOrder as error:
            return Refused(str(error))
        except TooLate:
            return NotSent()
        except Lost:  # perhaps in the middle of the action
            return Unknown("The connection to the PBX was lost before its answer.")

    def _answer(self, question: str, deadline: float) -> Answer:
        try:
            response = self.client.answer_to(question, deadline)
        except Silence:
            return Unknown("The PBX did not answer in time.")
        except Lost:
            return Unknown("The connection to the PBX was lost before its answer.")
        if response.is_error():
            return Refused(response.keys.get("Message", "no reason given")[:150])
        return Accepted()


def originate_action(order: DialOrder, dial_string: str, context: str) -> SimpleAction:
    """The action as it goes onto the wire: one Variable header for each variable. Raises BadOrder."""
    channel = dial_string.replace("{number}", order.number)
    if not CHANNEL.fullmatch(channel):
        raise BadOrder("ASTERISK_DIAL_STRING makes no usable channel, like PJSIP/{number}@trunk.")
    if not CONTEXT.fullmatch(context):
        raise BadOrder("ASTERISK_CONTEXT is not the name of a dialplan context.")
    action = SimpleAction(
        "Originate",
        ActionID=str(order.call_id),
        ChannelId=str(order.call_id),
        Channel=channel,
        Context=context,
        Exten="s",
        Priority="1",
        Timeout=str(order.ring_timeout_seconds * 1000),
        Async="true",
    )
    if order.caller_id:
        action.keys["CallerID"] = order.caller_id
    action.variables = {"OPENDEEP_CALL": str(order.call_id), "OPENDEEP_GATEWAY": order.gateway_address}
    return action


@dataclass(frozen=True, slots=True)
class AmiDialer:
    """Places calls through one PBX (implements dialer.Dialer). Connects only inside session()."""

    host: str
    port: int
    username: str
    secret: str
    dial_string: str
    context: str
    tls: ssl.SSLContext | None = None

    @classmethod
    def through(cls, pbx: str, dial_string: str, context: str) -> "AmiDialer":
        """Through the PBX of this name. Raises PbxUnavailable when the settings do not tell how to reach it."""
        try:
            account = pbx_named(pbx).dialing_account()
        except ImproperlyConfigured as error:
            raise PbxUnavailable(str(error)) from None
        return cls(account.host, account.port, account.username, account.secret, dial_string, context, tls=account.tls)

    @contextmanager
    def session(self) -> Iterator[AmiSession]:
        client = _Client(self.host, self.port, self.tls)
        try:
            self._open(client)
            yield AmiSession(client, self.dial_string, self.context)
            self._log_off(client)
        finally:
            client.disconnect()

    def _open(self, client: _Client) -> None:
        if not SECRET.fullmatch(self.username) or not SECRET.fullmatch(self.secret):
            raise PbxUnavailable("The AMI account's name or secret contains a line end. Check ASTERISK_AMI_SECRET.")
        try:
            client.connect()
            response = client.ask(self._login(), LOGIN_SECONDS)
        except OSError as error:
            raise PbxUnavailable(f"The PBX cannot be reached: {error.strerror or error}.") from error
        except Silence:
            raise PbxUnavailable("The PBX does not answer on its AMI port.") from None
        except Lost:
            raise PbxUnavailable("What listens on the AMI port is no PBX, or closed the connection.") from None
        if response.is_error():
            raise PbxUnavailable(f"The PBX refused the AMI login: {response.keys.get('Message', '')}.")

    def _login(self) -> SimpleAction:
        # Without events: an account that may see them would get those of every call meanwhile.
        return SimpleAction("Login", Username=self.username, Secret=self.secret, Events="off")

    def _log_off(self, client: _Client) -> None:
        try:
            client.ask(LogoffAction(), LOGOFF_SECONDS)
        except (Silence, Lost):
            log.debug("ami_logoff_unanswered")
