"""The same calls through the stand-in and through a real Asterisk: AMI must tell them apart by nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from sandbox.pbx.server import serving
from sandbox.pbx.settings import Settings
from sandbox.personas import Persona, Refuses, persona_for
from sandbox.script import Script, Vanish
from tests.rig.asterisk import RunningAsterisk
from tests.rig.config import with_values
from tests.rig.sipp import NO_AUDIO_PORT, Behaviour, Callee, answers, answers_and_hangs_up, refuses, rings_for_ever
from tests.sandbox.pbx.conftest import SPEED
from tests.sandbox.pbx.test_calls import originate
from tests.sandbox.pbx.wire import AmiClient, Gateway, Message, Talk, ami

pytestmark = pytest.mark.asterisk

# Deployed accounts do not get the others, and Asterisk decides by chance which of these comes first.
COMPARED = {
    *("Newchannel", "DialBegin", "DialState", "Newstate", "DialEnd", "OriginateResponse"),
    *("HangupRequest", "SoftHangupRequest", "Hangup"),
}
TELLING = ("Response", "Reason", "DialStatus", "Cause", "Cause-txt", "TechCause", "Context", "Exten", "DestContext")

Then = Callable[[AmiClient, str, Gateway], Awaitable[None]]


# Persona 14 refuses at once, as SIPp does, and 13 never sends a packet.
OTHERS = {
    13: Persona(13, "a dead line", script=Script(on_answer=(Vanish(),)), line_timeout_ms=1000),
    14: Persona(14, "rejects before it rings", Refuses(sip_status=603, cause=21, rings=False)),
}


@pytest.fixture
async def sandbox_port(settings: Settings) -> AsyncIterator[int]:
    """The stand-in."""

    def who_lives_at(number: str) -> Persona | None:
        return OTHERS.get(int(number[-2:])) or persona_for(number)

    async with serving(settings, speed=SPEED, who_lives_at=who_lives_at) as port:
        yield port


class ImpatientAsterisk(RunningAsterisk):
    """Gives up a line that has been dead for a second, not for a minute."""

    def _pjsip_conf(self) -> str:
        return with_values(super()._pjsip_conf(), {("trunk", "rtp_timeout"): "1"})


@pytest.fixture
def impatient_asterisk(asterisk: RunningAsterisk) -> Iterator[RunningAsterisk]:
    """Beside the other one, which says in one line why when there can be none."""
    with ImpatientAsterisk() as running:
        yield running


async def nothing(client: AmiClient, call_id: str, gateway: Gateway) -> None:
    """The other side ends it."""


async def listen(client: AmiClient, call_id: str, gateway: Gateway) -> None:
    await (await gateway.accept()).drain()


async def hold_the_line(client: AmiClient, call_id: str, gateway: Gateway) -> None:
    talk = await gateway.accept()
    over = asyncio.create_task(talk.drain())
    while not over.done():
        talk.write(bytes(320))
        await asyncio.wait({over}, timeout=0.02)


async def hang_up(client: AmiClient, call_id: str, gateway: Gateway) -> None:
    talk = await gateway.accept()
    await client.ask("Hangup", Channel=call_id)
    await talk.drain()


async def hang_up_ringing(client: AmiClient, call_id: str, gateway: Gateway) -> None:
    await client.until(Event="DialState")
    await client.ask("Hangup", Channel=call_id)


def gateway_sends(message: bytes) -> Then:
    async def then(client: AmiClient, call_id: str, gateway: Gateway) -> None:
        talk: Talk = await gateway.accept()
        talk.writer.write(message)
        await talk.drain()

    return then


CALLS: dict[str, tuple[int, Behaviour, Then]] = {
    "busy": (1, refuses(486, "Busy Here"), nothing),
    "rejected": (14, refuses(603, "Decline"), nothing),
    "no circuit": (12, refuses(503, "Service Unavailable"), nothing),
    "no answer": (2, rings_for_ever(), nothing),
    "hung up while ringing": (2, rings_for_ever(), hang_up_ringing),
    "hung up while talking": (0, answers(NO_AUDIO_PORT), hang_up),
    "gateway done": (0, answers(NO_AUDIO_PORT), gateway_sends(b"\x00\x00\x00")),
    "gateway sends garbage": (0, answers(NO_AUDIO_PORT), gateway_sends(b"\x55\x00\x00")),
    "callee hangs up": (7, answers_and_hangs_up(1), listen),
}


async def story(client: AmiClient, persona: int, then: Then) -> list[Message]:
    """All events of one call."""
    async with Gateway().serving() as gateway:
        heard = client.record()
        call_id = originate(client, persona, gateway.address, Timeout="1500")
        await then(client, call_id, gateway)
        while not {"Hangup", "OriginateResponse"} <= {message.get("Event") for message in heard}:
            await client.next()
    return [message for message in heard if message.get("Event") in COMPARED]


def told(events: list[Message]) -> dict[str, list[tuple[list[str], dict[str, str]]]]:
    """Per event: which headers it has, in their order, and what the telling ones say."""
    story: dict[str, list[tuple[list[str], dict[str, str]]]] = {name: [] for name in COMPARED}
    for event in events:
        story[event["Event"]].append((list(event), {key: event[key] for key in TELLING if key in event}))
    return story


@pytest.mark.parametrize("kind", CALLS)
async def test_a_call_through_the_sandbox_looks_like_one_through_asterisk(
    kind: str, asterisk: RunningAsterisk, sandbox_port: int
) -> None:
    persona, behaviour, then = CALLS[kind]
    await compare(persona, behaviour, then, asterisk, sandbox_port)


async def test_a_line_that_goes_dead_looks_like_one_through_asterisk(
    impatient_asterisk: RunningAsterisk, sandbox_port: int
) -> None:
    await compare(13, answers(NO_AUDIO_PORT), hold_the_line, impatient_asterisk, sandbox_port)


async def compare(persona: int, behaviour: Behaviour, then: Then, asterisk: RunningAsterisk, sandbox_port: int) -> None:
    name, secret = asterisk.everything.username, asterisk.everything.secret
    with Callee(asterisk.trunk_port, behaviour):
        async with ami(asterisk.ami_port, username=name, secret=secret, sees_all=False) as client:
            real = await story(client, persona, then)
    async with ami(sandbox_port) as client:
        assert told(await story(client, persona, then)) == told(real)
