"""The same calls through the stand-in and through a real Asterisk: AMI must tell them apart by nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from sandbox.pbx.server import serving
from sandbox.pbx.settings import Settings
from sandbox.personas import Persona, Refuses, persona_for
from sandbox.script import HangUp, Script, Vanish, Wait
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
    *("HangupRequest", "SoftHangupRequest", "Hangup", "UserEvent"),
}
TELLING = (
    *("Response", "Reason", "DialStatus", "Cause", "Cause-txt", "TechCause", "Context", "Exten", "DestContext"),
    *("DestExten", "UserEvent", "Status"),
)

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


PERSON_RINGS_S = 1
A_LONG_RING_S = 20
NO_PATIENCE = "the callee does not wait"
PUT_THROUGH: dict[str, tuple[int, Behaviour, Behaviour]] = {
    "the person hangs up": (31, answers(NO_AUDIO_PORT), answers_and_hangs_up(0.5)),
    "the person is busy": (1, answers(NO_AUDIO_PORT), refuses(486, "Busy Here")),
    "the person does not answer": (2, answers(NO_AUDIO_PORT), rings_for_ever()),
    "no circuit to the person": (12, answers(NO_AUDIO_PORT), refuses(503, "Service Unavailable")),
    NO_PATIENCE: (2, answers_and_hangs_up(1), rings_for_ever()),
}
CURT = Persona(31, "hangs up", script=Script(on_answer=(Wait(400), HangUp())))
IMPATIENT = Persona(32, "hangs up while it rings", script=Script(on_answer=(Wait(1000), HangUp())))


async def story_of_transfer(client: AmiClient, callee: int, person: str, rings_s: int) -> list[Message]:
    """All events of a call whose callee is put through; who comes back is hung up by AMI."""
    async with Gateway().serving() as gateway:
        heard = client.record()
        call_id = originate(client, callee, gateway.address)
        await gateway.accept()
        await client.until(Event="OriginateResponse")
        for name, value in (("TO", person), ("SECONDS", str(rings_s))):
            await client.ask("Setvar", Channel=call_id, Variable=f"OPENDEEP_TRANSFER_{name}", Value=value)
        await client.ask("Redirect", Channel=call_id, Context="opendeep-transfer", Exten="s", Priority="1")
        while [message.get("Event") for message in heard].count("Hangup") < 2:
            message = await client.next()
            if message.get("Event") == "UserEvent":
                assert (await gateway.accept()).call_id == call_id.replace("-", "")
                client.send(Action="Hangup", Channel=call_id, Cause="16")
    return [message for message in heard if message.get("Event") in COMPARED]


def told_by_channel(events: list[Message]) -> object:
    """As told(); of endings, whose order between two channels is left to chance, what each channel's says."""
    story = told(events)
    return {name: sorted(map(repr, said)) if name == "Hangup" else said for name, said in story.items()}


@pytest.mark.parametrize("kind", PUT_THROUGH)
async def test_a_transfer_through_the_sandbox_looks_like_one_through_asterisk(
    kind: str, asterisk: RunningAsterisk, settings: Settings
) -> None:
    number, callee, person = PUT_THROUGH[kind]
    rings_s = A_LONG_RING_S if kind == NO_PATIENCE else PERSON_RINGS_S
    name, secret = asterisk.everything.username, asterisk.everything.secret
    with Callee(asterisk.trunk_port, callee), Callee(asterisk.desk_port, person):
        async with ami(asterisk.ami_port, username=name, secret=secret, sees_all=False) as client:
            to = asterisk.desk_dial_string.format(number="+12025550177")
            real = await story_of_transfer(client, 0, to, rings_s)
    who = 32 if kind == NO_PATIENCE else 9
    others = {31: CURT, 32: IMPATIENT}
    async with (
        serving(settings, who_lives_at=lambda n: others.get(int(n[-2:])) or persona_for(n)) as port,
        ami(port) as client,
    ):
        stood_in = await story_of_transfer(client, who, f"PJSIP/+120255501{number:02}@trunk", rings_s)
    assert told_by_channel(stood_in) == told_by_channel(real)


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
