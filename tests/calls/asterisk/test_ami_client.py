"""The asyncio AMI client against a peer that behaves, and one that does not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from calls.asterisk.ami_client import AmiAccount, AmiClient, AmiRefused, AmiTimeout, AmiTimes, AmiUnavailable
from calls.asterisk.ami_codec import AmiMessage

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
QUICK = AmiTimes(connect=1.0, login=0.3, action=0.3, ping_every=60.0, retry_first=0.01, retry_at_most=0.02)

Headers = dict[str, str]
Script = Callable[["Wire"], Awaitable[None]]


class Wire:
    """The PBX's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def receive(self) -> Headers:
        block = await self._reader.readuntil(b"\r\n\r\n")
        return dict(line.split(": ", 1) for line in block.decode().split("\r\n") if line)

    def answer(self, action: Headers, response: str = "Success", *more: str) -> None:
        lines = [f"Response: {response}", f"ActionID: {action.get('ActionID', '')}", *more]
        self.send("\r\n".join(lines))

    def send(self, message: str) -> None:
        self.writer.write(f"{message}\r\n\r\n".encode())

    async def log_in(self) -> None:
        self.writer.write(GREETING)
        self.answer(await self.receive())


class Served:
    def __init__(self) -> None:
        self.connections = 0
        self.events: list[AmiMessage] = []
        self.logins = asyncio.Queue[None]()
        self.client: AmiClient


@asynccontextmanager
async def client(*scripts: Script, times: AmiTimes = QUICK) -> AsyncIterator[Served]:
    """A running client; connection n is served by script n, and the last script serves all further ones."""
    served = Served()
    serving: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        script = scripts[min(served.connections, len(scripts) - 1)]
        served.connections += 1
        try:
            await script(Wire(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def logged_in() -> None:
        served.logins.put_nowait(None)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    account = AmiAccount("127.0.0.1", server.sockets[0].getsockname()[1], "opendeep", "s3cret")
    served.client = AmiClient(account, on_event=served.events.append, times=times)
    running = asyncio.create_task(served.client.run(logged_in))
    try:
        async with asyncio.timeout(10):
            yield served
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        server.close()
        for task in serving:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in serving if task is not None), return_exceptions=True)


async def obey(wire: Wire) -> None:
    """Logs in and says yes to everything."""
    await wire.log_in()
    while True:
        wire.answer(await wire.receive())


async def test_actions_get_their_own_answers_whatever_the_order() -> None:
    async def swap(wire: Wire) -> None:
        await wire.log_in()
        first, second = await wire.receive(), await wire.receive()
        for action in (second, first):
            wire.answer(action, "Success", f"Echo: {action['Channel']}")
        await wire.receive()

    async with client(swap) as served:
        await served.logins.get()
        answers = await asyncio.gather(
            *(served.client.request("Hangup", [("Channel", name)]) for name in ("one", "two"))
        )
        assert [answer.get("Echo") for answer in answers] == ["one", "two"]


async def test_a_list_is_collected_up_to_its_end() -> None:
    async def list_two(wire: Wire) -> None:
        await wire.log_in()
        action = await wire.receive()
        wire.answer(action, "Success", "EventList: start")
        wire.send(f"Event: CoreShowChannel\r\nActionID: {action['ActionID']}\r\nUniqueid: 1")
        wire.send("Event: Hangup\r\nUniqueid: 9")
        wire.send(f"Event: CoreShowChannel\r\nActionID: {action['ActionID']}\r\nUniqueid: 2")
        wire.send(f"Event: CoreShowChannelsComplete\r\nActionID: {action['ActionID']}\r\nEventList: Complete")
        await wire.receive()

    async with client(list_two) as served:
        await served.logins.get()
        items = await served.client.request_list("CoreShowChannels")
        assert [item.get("Uniqueid") for item in items] == ["1", "2"]
        assert [event.event for event in served.events] == ["Hangup"]


async def test_an_error_is_a_refusal_with_its_words() -> None:
    async def refuse(wire: Wire) -> None:
        await wire.log_in()
        wire.answer(await wire.receive(), "Error", "Message: No such channel")
        await wire.receive()

    async with client(refuse) as served:
        await served.logins.get()
        with pytest.raises(AmiRefused, match="No such channel"):
            await served.client.request("Hangup", [("Channel", "x")])


async def test_an_action_without_an_answer_is_given_up_and_never_sent_again() -> None:
    received: list[Headers] = []

    async def ignore(wire: Wire) -> None:
        await wire.log_in()
        while True:
            received.append(await wire.receive())

    async with client(ignore) as served:
        await served.logins.get()
        with pytest.raises(AmiTimeout):
            await served.client.request("Hangup", [("Channel", "x")])
        assert [action["Action"] for action in received] == ["Hangup"]


async def test_an_action_whose_connection_is_lost_is_given_up_at_once() -> None:
    received: list[Headers] = []

    async def hang_up(wire: Wire) -> None:
        await wire.log_in()
        received.append(await wire.receive())

    async def watch(wire: Wire) -> None:
        await wire.log_in()
        received.append(await wire.receive())

    async with client(hang_up, watch, times=AmiTimes(action=60.0, retry_first=0.01)) as served:
        await served.logins.get()
        with pytest.raises(AmiTimeout, match="lost"):
            await served.client.request("Hangup", [("Channel", "x")])
        await served.logins.get()
        assert [action["Action"] for action in received] == ["Hangup"]


async def test_without_a_connection_nothing_can_be_asked() -> None:
    async def slam(wire: Wire) -> None:
        pass

    async with client(slam) as served:
        with pytest.raises(AmiUnavailable):
            await served.client.request("Ping")
        with pytest.raises(AmiUnavailable):
            await served.client.request_list("CoreShowChannels")


async def no_greeting(wire: Wire) -> None:
    await asyncio.Event().wait()


async def foreign_greeting(wire: Wire) -> None:
    wire.writer.write(b"220 mail.example.com ESMTP\r\n")
    await wire.receive()


async def refused_login(wire: Wire) -> None:
    wire.writer.write(GREETING)
    wire.answer(await wire.receive(), "Error", "Message: Authentication failed")


async def ends_at_once(wire: Wire) -> None:
    wire.writer.write(GREETING)


async def garbage(wire: Wire) -> None:
    wire.writer.write(GREETING + b"\xff" * 100_000 + b"\r\n\r\n")
    await obey(wire)


@pytest.mark.parametrize("first", [no_greeting, foreign_greeting, refused_login, ends_at_once, garbage])
async def test_after_any_bad_start_it_comes_back(first: Script) -> None:
    async with client(first, obey) as served:
        await served.logins.get()
        assert served.client.ready


async def test_a_refused_login_is_said_in_words_and_without_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    async with client(refused_login, obey) as served:
        await served.logins.get()
    assert "refused the login of opendeep: Authentication failed" in caplog.text
    assert "s3cret" not in caplog.text


async def test_a_pbx_that_stops_answering_is_left() -> None:
    async def fall_asleep(wire: Wire) -> None:
        await wire.log_in()
        await wire.receive()
        await asyncio.Event().wait()

    async with client(fall_asleep, obey, times=AmiTimes(action=0.1, ping_every=0.05, retry_first=0.01)) as served:
        await served.logins.get()
        await served.logins.get()
        assert served.connections == 2


async def test_the_outcome_of_somebody_elses_originate_is_an_event() -> None:
    async def tell(wire: Wire) -> None:
        await wire.log_in()
        action = await wire.receive()
        wire.send(f"Event: OriginateResponse\r\nActionID: {action['ActionID']}\r\nResponse: Failure")
        wire.answer(action)
        await wire.receive()

    async with client(tell) as served:
        await served.logins.get()
        assert (await served.client.request("Ping")).get("Response") == "Success"
        assert [event.event for event in served.events] == ["OriginateResponse"]


@pytest.mark.parametrize("announced", ["1", "3"])
async def test_a_list_with_an_item_missing_is_no_list(announced: str) -> None:
    async def list_two(wire: Wire) -> None:
        await wire.log_in()
        action = await wire.receive()
        wire.answer(action, "Success", "EventList: start")
        for unique_id in "12":
            wire.send(f"Event: CoreShowChannel\r\nActionID: {action['ActionID']}\r\nUniqueid: {unique_id}")
        wire.send(
            f"Event: CoreShowChannelsComplete\r\nActionID: {action['ActionID']}\r\n"
            f"EventList: Complete\r\nListItems: {announced}"
        )
        await wire.receive()

    async with client(list_two) as served:
        await served.logins.get()
        with pytest.raises(AmiTimeout, match="incomplete"):
            await served.client.request_list("CoreShowChannels")


async def closes_after_the_login(wire: Wire) -> None:
    await wire.log_in()


@pytest.mark.parametrize("script", [ends_at_once, refused_login, closes_after_the_login])
async def test_a_pbx_that_closes_again_and_again_is_asked_less_and_less(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    enough = asyncio.Event()

    def pause(self: AmiClient, failures: int) -> float:
        pauses.append(failures)
        if len(pauses) == 5:
            enough.set()
        return 0.0

    monkeypatch.setattr(AmiClient, "_pause", pause)
    async with client(script, times=AmiTimes(login=1.0, action=1.0, retry_at_most=10.0)):
        await enough.wait()
    assert pauses[:5] == [1, 2, 3, 4, 5]


def test_pauses_grow_up_to_a_limit_and_differ() -> None:
    times = AmiTimes(retry_first=0.5, retry_at_most=10.0)
    waiting = AmiClient(AmiAccount("h", 1, "u", "s"), on_event=lambda _: None, times=times)
    for failures in range(1, 40):
        longest = min(0.5 * 2 ** (failures - 1), 10.0)
        pauses = {waiting._pause(failures) for _ in range(5)}
        assert len(pauses) == 5
        assert all(longest / 2 <= pause <= longest for pause in pauses)


async def test_nonsense_without_end_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async def babble(wire: Wire) -> None:
        await wire.log_in()
        wire.writer.write(b"no header\r\n" * 2500)
        while True:
            wire.answer(await wire.receive())

    async with client(babble) as served:
        await served.logins.get()
        await served.client.request("Ping")
    assert caplog.text.count("ami_input_skipped") == 3
