"""The stand-in's own paths under /sandbox: order errors, and read what was received. They need no key."""

from sandbox.openai.chat import faults as chat_faults
from sandbox.openai.errors import bad_request
from sandbox.openai.faults import TABLE, BadFault, parse_fault
from sandbox.openai.http import Exchange
from sandbox.openai.journal import JOURNAL
from sandbox.openai.realtime import faults as realtime_faults

KINDS = {"chat": chat_faults.KINDS, "realtime": realtime_faults.KINDS}


async def list_faults(exchange: Exchange) -> None:
    await exchange.send_json(200, {"faults": TABLE.as_json()})


async def add_fault(exchange: Exchange) -> None:
    try:
        TABLE.add(parse_fault(await exchange.read_json(), KINDS))
    except BadFault as reason:
        raise bad_request(str(reason)) from None
    await exchange.send_json(201, {"faults": TABLE.as_json()})


async def clear_faults(exchange: Exchange) -> None:
    await exchange.send_json(200, {"cleared": TABLE.clear()})


async def list_requests(exchange: Exchange) -> None:
    await exchange.send_json(200, {"requests": JOURNAL.entries()})


async def clear_requests(exchange: Exchange) -> None:
    JOURNAL.clear()
    await exchange.send_json(200, {"requests": []})


async def say_alive(exchange: Exchange) -> None:
    await exchange.send_json(200, {"status": "ok"})
