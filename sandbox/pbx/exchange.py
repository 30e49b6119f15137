"""The exchange: takes Originates, owns the calls that live, tells the sessions what happens."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from itertools import count

from sandbox.pbx import causes, dialplan, events
from sandbox.pbx.call import Call, Surroundings
from sandbox.pbx.channel import Channel
from sandbox.pbx.clock import Clock
from sandbox.pbx.ear import GoodbyeEar
from sandbox.pbx.events import Event
from sandbox.pbx.journal import Journal
from sandbox.pbx.originate import OriginateRequest
from sandbox.pbx.transfer import Person
from sandbox.personas import Persona, Refuses, persona_for

NOBODY = Persona(-1, "nobody lives there", Refuses(sip_status=404, cause=causes.UNALLOCATED, rings=False))

log = logging.getLogger(__name__)


class Exchange:
    """`contexts` are the dialplan's, each with the extension s; `endpoint` is the only PJSIP trunk.

    Calls run in `tasks`. Everything is called from the event loop's thread.
    """

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        *,
        clock: Clock,
        journal: Journal,
        contexts: Collection[str] = ("opendeep-out",),
        endpoint: str = "trunk",
        who_lives_at: Callable[[str], Persona | None] = persona_for,
    ) -> None:
        self.clock = clock
        self._tasks = tasks
        self._journal = journal
        self.contexts = tuple(contexts)
        self.endpoint = endpoint
        self._who_lives_at = who_lives_at
        self._calls: dict[str, Call] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._listeners: dict[Callable[[Event], None], None] = {}
        self._channel_numbers = count()
        self._around = Surroundings(
            clock=clock,
            journal=journal,
            publish=self.publish,
            extension_exists=self.extension_exists,
            hears_goodbye=GoodbyeEar(clock).hears,
            person_at=self.person_at,
        )
        self.globals: dict[str, str] = {"OPENDEEP_AMD": "no"}

    def extension_exists(self, context: str, exten: str, priority: int) -> bool:
        steps = dialplan.TRANSFER if context == dialplan.TRANSFER_CONTEXT else dialplan.OUT
        known = context in self.contexts or context == dialplan.TRANSFER_CONTEXT
        return known and exten == "s" and 1 <= priority <= len(steps)

    def person_at(self, destination: str, caller: Channel) -> Person | None:
        """Who is reached by "PJSIP/+12025550131@trunk"; None when no channel can be made."""
        technology, _, dial_string = destination.partition("/")
        number, _, endpoint = dial_string.partition("@")
        if (technology, endpoint) != ("PJSIP", self.endpoint):
            return None
        channel_number = next(self._channel_numbers)
        channel = Channel(
            name=f"PJSIP/{self.endpoint}-{channel_number:08x}",
            uniqueid=f"{int(time.time())}.{channel_number}",
            number=number,
            created_s=self.clock.now_s(),
            linkedid=caller.uniqueid,
        )
        return Person(channel, self._who_lives_at(number) or NOBODY, dial_string)

    def calls(self) -> list[Call]:
        """Those that live, oldest first."""
        return list(self._calls.values())

    def find(self, channel: str) -> Call | None:
        """By the channel's name or its Uniqueid, as Asterisk looks channels up."""
        by_name = (call for call in self._calls.values() if call.channel.name == channel)
        return self._calls.get(channel) or next(by_name, None)

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        self._listeners[listener] = None

    def unsubscribe(self, listener: Callable[[Event], None]) -> None:
        self._listeners.pop(listener, None)

    def publish(self, event: Event) -> None:
        """To every session, in order."""
        for listener in tuple(self._listeners):
            listener(event)

    def originate(self, request: OriginateRequest) -> asyncio.Future[bool]:
        """Place a call. The future tells whether it was answered; events come after this has returned."""
        dialled: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        task = self._tasks.create_task(self._live(request, dialled))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return dialled

    def close(self) -> None:
        """End all calls without a word, as a PBX does that is switched off."""
        for task in self._running:
            task.cancel()

    async def _live(self, request: OriginateRequest, dialled: asyncio.Future[bool]) -> None:
        call = self._new_call(request, dialled)
        self._journal.write(
            "originate",
            channel_id=request.channel_id,
            action_id=request.action_id,
            number=request.number,
            accepted=call is not None,
        )
        if call is None:
            if request.is_async:
                self.publish(events.originate_response(request, None, failed=True, reason=0))
            dialled.set_result(False)
            return
        self._calls[call.channel.uniqueid] = call
        try:
            await call.run()
        except Exception:
            log.exception("the call to %s broke", _masked(request.number))
        finally:
            del self._calls[call.channel.uniqueid]
            if not dialled.done():
                dialled.set_result(False)

    def _new_call(self, request: OriginateRequest, dialled: asyncio.Future[bool]) -> Call | None:
        """None when the PBX cannot even make a channel: the id lives already, or there is no such trunk."""
        if request.channel_id in self._calls:
            log.warning("refused an Originate: channel id %s is already in use", request.channel_id)
            return None
        if (request.technology, request.endpoint) != ("PJSIP", self.endpoint):
            log.warning("refused an Originate: no endpoint for %s", _masked(request.channel))
            return None
        persona = self._who_lives_at(request.number)
        if persona is None:
            log.warning("nobody lives at %s: the sandbox knows +1 202 555 0100 to 0199", _masked(request.number))
        number = next(self._channel_numbers)
        channel = Channel(
            name=f"PJSIP/{self.endpoint}-{number:08x}",
            uniqueid=request.channel_id or f"{int(time.time())}.{number}",
            number=request.number,
            created_s=self.clock.now_s(),
            variables=dict(request.variables),
        )
        return Call(request, channel, persona or NOBODY, dialled, self._around)


def _masked(text: str) -> str:
    """Numbers do not belong into logs: the last two digits tell which persona was meant."""
    digits = sum(char.isdigit() for char in text)
    kept = iter(range(digits))
    return "".join("*" if char.isdigit() and next(kept) < digits - 2 else char for char in text)
