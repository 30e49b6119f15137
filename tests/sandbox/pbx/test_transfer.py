"""A callee is put through to a person: they hear each other, and the call ends with their talk."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.pbx.callee import SILENCE, Callee
from sandbox.pbx.transfer import DialEnd, TwoPeople
from sandbox.personas import PERSONAS
from tests.sandbox.pbx.test_calls import originate
from tests.sandbox.pbx.wire import AmiClient, Gateway

Journal = Callable[[], list[dict[str, Any]]]
BY_NUMBER = {persona.number: persona for persona in PERSONAS}


class Listener(Callee):
    heard_something = False

    def tick(self, heard: bytes) -> bytes | None:
        self.heard_something |= heard != SILENCE
        return super().tick(heard)


async def put_through(client: AmiClient, gateway: Gateway, to: str) -> str:
    call_id = originate(client, 30, gateway.address)
    await gateway.accept()
    await client.until(Event="OriginateResponse")
    for name, value in (("TO", to), ("SECONDS", "10")):
        await client.ask("Setvar", Channel=call_id, Variable=f"OPENDEEP_TRANSFER_{name}", Value=value)
    answer = await client.ask("Redirect", Channel=call_id, Context="opendeep-transfer", Exten="s", Priority="1")
    assert answer["Response"] == "Success"
    return call_id


async def test_two_people_hear_each_other_until_one_hangs_up() -> None:
    callee, person = (Listener(BY_NUMBER[number].script, lambda _: False) for number in (9, 31))
    talk = TwoPeople(callee)
    for _ in range(100):
        talk.tick()
    talk.put_through(person)
    for _ in range(3000):
        talk.tick()
    assert callee.heard_something
    assert talk.has_ended.result() is DialEnd.PERSON_HUNG_UP  # nobody answered for as long as their patience lasts


async def test_a_talk_of_two_people_ends_the_call(client: AmiClient, gateway: Gateway, journal: Journal) -> None:
    call_id = await put_through(client, gateway, "PJSIP/+12025550131@trunk")
    hangup = await client.until(Event="Hangup", Uniqueid=call_id)
    assert hangup["Cause"] in ("0", "16")
    entries = {entry["event"]: entry for entry in journal()}
    assert entries["transfer"]["answered"] is True
    assert entries["ended"]["ended_by"] in ("callee", "person")


@pytest.mark.parametrize("to", ["PJSIP/+12025550101@trunk", "PJSIP/+12025550131@elsewhere", ""])
async def test_whoever_is_not_reached_gives_the_callee_back_to_the_voice(
    client: AmiClient, gateway: Gateway, journal: Journal, to: str
) -> None:
    call_id = await put_through(client, gateway, to)
    assert (await gateway.accept()).call_id == call_id.replace("-", "")
    assert [entry["answered"] for entry in journal() if entry["event"] == "transfer"] == [False]
