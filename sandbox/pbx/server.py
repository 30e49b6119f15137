"""The process `python -m sandbox pbx`."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Sequence

import uvloop

from sandbox.pbx.actions import Desk, handle
from sandbox.pbx.clock import Clock
from sandbox.pbx.exchange import Exchange
from sandbox.pbx.journal import Journal
from sandbox.pbx.session import Session
from sandbox.pbx.settings import Settings, parse_settings
from sandbox.personas import Persona, persona_for
from sandbox.speech.phrases import callee_phrases
from sandbox.speech.voice import warm

BACKLOG = 128

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit status."""
    settings = parse_settings(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    warm(callee_phrases())
    try:
        uvloop.run(_serve_until_stopped(settings))
    except OSError as reason:
        log.error("cannot serve AMI on %s:%d: %s", settings.host, settings.port, reason.strerror or reason)
        return 1
    return 0


async def _serve_until_stopped(settings: Settings) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with serving(settings) as port:
        log.info("PBX stand-in: AMI on %s:%d", settings.host, port)
        await stopped.wait()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


@contextlib.asynccontextmanager
async def serving(
    settings: Settings,
    *,
    speed: float = 1.0,
    clock: Clock | None = None,
    who_lives_at: Callable[[str], Persona | None] = persona_for,
) -> AsyncIterator[int]:
    """Serve within the context; gives the port. Raises OSError when it is taken.

    `speed` lets sandbox time run faster than real time, `clock` gives it another clock altogether; `who_lives_at`
    puts other persons into the houses.
    """
    listener = listen(settings.host, settings.port)
    journal = Journal(settings.journal)
    clock = clock or Clock(speed)
    try:
        async with asyncio.TaskGroup() as tasks:
            exchange = Exchange(
                tasks,
                clock=clock,
                journal=journal,
                contexts=settings.contexts,
                endpoint=settings.endpoint,
                who_lives_at=who_lives_at,
            )
            desk = Desk(exchange, settings.username, settings.secret)
            desk.faults.set("RefuseLogin", -1 if settings.refuse_logins else 0)
            server = await asyncio.start_server(lambda r, w: _attend(desk, r, w), sock=listener)
            ticking = tasks.create_task(clock.run())
            try:
                yield listener.getsockname()[1]
            finally:
                server.close()
                for session in tuple(desk.sessions):
                    session.cut()
                exchange.close()
                ticking.cancel()
    finally:
        journal.close()


async def _attend(desk: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One AMI connection from banner to end."""
    session = Session(reader, writer)
    desk.sessions[session] = None
    desk.exchange.subscribe(session.deliver)
    try:
        session.greet()
        while not session.is_over:
            actions = await session.read()
            if not actions:
                break
            for action in actions:
                if not session.is_over:
                    await handle(desk, session, action)
                    await writer.drain()
    except (ConnectionError, TimeoutError) as gone:
        log.info("an AMI session ended: %s", type(gone).__name__)
    finally:
        session.close()
        del desk.sessions[session]
        desk.exchange.unsubscribe(session.deliver)
        writer.close()
