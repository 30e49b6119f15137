"""An asyncio AMI connection: login, actions with deadlines, keepalive, events to a callback.

Nothing is ever sent twice: an action whose answer does not come raises, and its caller decides.
"""

import asyncio
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self
from uuid import uuid4

import structlog

from calls.asterisk.ami_codec import (
    AmiDecoder,
    AmiMessage,
    AmiProtocolError,
    Greeting,
    Skipped,
    encode,
)

log = structlog.get_logger(__name__)

READ_BYTES = 65_536
MAX_LIST_ITEMS = 20_000
TELL_EVERY_SKIPPED = 1_000
"""Of a PBX that sends nothing but nonsense not every line is worth one in the log."""
LAST_WORDS_SECONDS = 0.05
"""How long whoever waits for an answer may take to notice that the connection is over."""


@dataclass(frozen=True, slots=True)
class AmiAccount:
    host: str
    port: int
    username: str
    secret: str
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class AmiTimes:
    """Deadlines in seconds."""

    connect: float = 5.0
    login: float = 5.0
    action: float = 5.0
    ping_every: float = 10.0
    retry_first: float = 0.5
    retry_at_most: float = 10.0


class AmiUnavailable(Exception):
    """There is no connection that is logged in; nothing was sent."""


class AmiTimeout(Exception):
    """Sent, and not answered in time, or the connection was lost before the answer."""


class AmiRefused(Exception):
    """The PBX answered with an error."""


class LoginRefused(AmiRefused):
    pass


BROKEN = (OSError, TimeoutError, AmiProtocolError, AmiRefused, AmiTimeout, AmiUnavailable)
"""What ends a connection and leads to the next."""


class AmiClient:
    """Keeps one logged-in connection to a PBX for as long as run() runs.

    `on_event` gets every event that answers no action of ours; it must not block.
    """

    def __init__(
        self,
        account: AmiAccount,
        *,
        on_event: Callable[[AmiMessage], None],
        times: AmiTimes | None = None,
    ) -> None:
        self.account = account
        self.times = times or AmiTimes()
        self._on_event = on_event
        self._writer: asyncio.StreamWriter | None = None
        self._logged_in = False
        self._answers: dict[str, asyncio.Queue[AmiMessage | None]] = {}

    @property
    def ready(self) -> bool:
        return self._logged_in

    async def run(self, on_login: Callable[[], Awaitable[None]]) -> None:
        """Connects, and connects again with growing, jittered pauses, until it is cancelled.

        `on_login` is awaited after each login, while events are read.
        """
        failures = 0
        while True:
            began = time.monotonic()
            try:
                await self._one_connection(on_login)
            except BROKEN as error:
                if time.monotonic() - began > self.times.retry_at_most:
                    failures = 0  # it lasted; one that ends right after the login is no better than none
                log.warning("pbx_connection_failed", reason=str(error) or type(error).__name__)
            finally:
                self._forget_connection()
            failures += 1
            await asyncio.sleep(self._pause(failures))

    @asynccontextmanager
    async def once(self) -> AsyncIterator[Self]:
        """One connection, logged in, for whoever wants to ask something. Raises what is in BROKEN."""
        logged_in = asyncio.Event()

        async def on_login() -> None:
            logged_in.set()

        connection = asyncio.create_task(self._one_connection(on_login))
        waiter = asyncio.create_task(logged_in.wait())
        try:
            await asyncio.wait([connection, waiter], return_when=asyncio.FIRST_COMPLETED)
            if connection.done():
                connection.result()
            yield self
        finally:
            for task in (connection, waiter):
                task.cancel()
            await asyncio.gather(connection, waiter, return_exceptions=True)
            self._forget_connection()

    def _pause(self, failures: int) -> float:
        longest: float = min(self.times.retry_first * 2 ** min(failures - 1, 10), self.times.retry_at_most)
        return longest * random.uniform(0.5, 1.0)

    async def _one_connection(self, on_login: Callable[[], Awaitable[None]]) -> None:
        async with asyncio.timeout(self.times.connect):
            reader, self._writer = await asyncio.open_connection(
                self.account.host, self.account.port, ssl=self.account.tls
            )
        tasks = [asyncio.create_task(self._serve(on_login)), asyncio.create_task(self._read(reader))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self._give_up_answers()
            await asyncio.wait(tasks, timeout=LAST_WORDS_SECONDS)
            for task in tasks:  # the answer that was served tells more than the end of the connection
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, on_login: Callable[[], Awaitable[None]]) -> None:
        await self._login()
        log.info("pbx_logged_in", host=self.account.host, port=self.account.port)
        await on_login()
        while True:
            await asyncio.sleep(self.times.ping_every)
            await self.request("Ping")

    async def _login(self) -> None:
        headers = [("Username", self.account.username), ("Secret", self.account.secret), ("Events", "call,user")]
        try:
            await self._ask("Login", headers, self.times.login)
        except AmiRefused as error:
            raise LoginRefused(f"The PBX refused the login of {self.account.username}: {error}") from None
        self._logged_in = True

    async def _read(self, reader: asyncio.StreamReader) -> None:
        decoder = AmiDecoder()
        skipped = 0
        while data := await reader.read(READ_BYTES):
            for item in decoder.feed(data):
                match item:
                    case AmiMessage():
                        self._dispatch(item)
                    case Skipped(why):
                        skipped += 1
                        if skipped == 1 or skipped % TELL_EVERY_SKIPPED == 0:
                            log.warning("ami_input_skipped", why=why, so_far=skipped)
                    case Greeting(text):
                        log.debug("ami_greeting", text=text)
        raise ConnectionError("The PBX closed the connection.")

    def _dispatch(self, message: AmiMessage) -> None:
        answer = self._answers.get(message.action_id)
        # OriginateResponse carries the ActionID of whoever dialled; it is an event for us.
        if answer is not None and message.event != "OriginateResponse":
            answer.put_nowait(message)
        elif message.event:
            self._on_event(message)

    def _forget_connection(self) -> None:
        if self._writer is not None:
            if self._logged_in:
                self._writer.write(encode("Logoff", ()))  # its answer is of no interest
            self._writer.close()
            self._writer = None
        self._logged_in = False
        self._give_up_answers()

    def _give_up_answers(self) -> None:
        for answer in self._answers.values():
            answer.put_nowait(None)

    async def request(self, action: str, headers: Iterable[tuple[str, str]] = ()) -> AmiMessage:
        """Sends the action once. Raises AmiUnavailable, AmiTimeout, AmiRefused, AmiEncodeError."""
        if not self._logged_in:
            raise AmiUnavailable("The PBX is not connected.")
        return (await self._ask(action, headers, self.times.action))[0]

    async def request_list(self, action: str, headers: Iterable[tuple[str, str]] = ()) -> list[AmiMessage]:
        """The events with which the PBX answers a list action, without the closing one. Raises as request() does."""
        if not self._logged_in:
            raise AmiUnavailable("The PBX is not connected.")
        return (await self._ask(action, headers, self.times.action, is_list=True))[1:]

    async def _ask(
        self, action: str, headers: Iterable[tuple[str, str]], seconds: float, *, is_list: bool = False
    ) -> list[AmiMessage]:
        action_id = uuid4().hex
        data = encode(action, [("ActionID", action_id), *headers])
        answers: asyncio.Queue[AmiMessage | None] = asyncio.Queue()
        self._answers[action_id] = answers
        try:
            async with asyncio.timeout(seconds):
                await self._send(data)
                return await _collect(answers, is_list=is_list)
        except TimeoutError:
            raise AmiTimeout(f"The PBX did not answer {action} in time.") from None
        finally:
            del self._answers[action_id]

    async def _send(self, data: bytes) -> None:
        if self._writer is None:
            raise AmiUnavailable("The PBX is not connected.")
        self._writer.write(data)
        await self._writer.drain()


async def _collect(answers: asyncio.Queue[AmiMessage | None], *, is_list: bool) -> list[AmiMessage]:
    messages: list[AmiMessage] = []
    while (message := await answers.get()) is not None:
        if message.get("Response").lower() == "error":
            raise AmiRefused(message.get("Message", "no reason given"))
        if is_list and message.get("EventList").lower() == "complete":
            _check_complete(message.get("ListItems"), len(messages) - 1)
            return messages
        messages.append(message)
        if not is_list:
            return messages
        if len(messages) > MAX_LIST_ITEMS:
            raise AmiTimeout("The PBX's list has no end.")
    raise AmiTimeout("The connection to the PBX was lost before its answer.")


def _check_complete(announced: str, received: int) -> None:
    """An item that was lost on the way would look like a call that is gone."""
    if announced.isdecimal() and int(announced) != received:
        raise AmiTimeout(f"The PBX's list is incomplete: {received} of {announced} items.")
