"""callcontrol and a PBX that sends nonsense, too much, or nothing: it goes on, and calls still end right."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.test import override_settings

from calls.asterisk.ami_client import AmiAccount, AmiTimes
from calls.control import lanes, news, reconcile
from calls.control.process import CallControl
from calls.models import Call
from calls.states import Outcome, State
from opendeep.core.clock import now
from tests.calls.asterisk.peer import Peer, scripted
from tests.calls.conftest import eventually, running
from tests.calls.control.test_process import QUICK, dial, is_in
from tests.calls.pbx import BUSY, HELPFUL, SECRET, USERNAME, SandboxPbx
from tests.factories import make_call

pytestmark = [pytest.mark.django_db(transaction=True)]

PATIENT = AmiTimes(action=5.0, ping_every=0.2, retry_first=0.05, retry_at_most=0.1)
NOTHING_IS_LOST = ("Garbage", "HalfLines", "DelayEvents")
FLOOD = 50_000


@pytest.mark.parametrize("fault", ["Garbage", "HalfLines", "BreakOff", "DropConnections", "DelayEvents"])
def test_calls_end_right_whatever_happens_to_the_wire(pbx: SandboxPbx, redis_url: str, fault: str) -> None:
    with override_settings(RING_TIMEOUT_SECONDS=300), running(CallControl(pbx.account, QUICK)) as control:
        eventually(lambda: control.client.ready, "callcontrol is ready")
        # So that the next comparison with the PBX may miss a call whose events were lost.
        dialled = now() if fault in NOTHING_IS_LOST else now() - timedelta(minutes=1)
        busy = dial(pbx, BUSY, make_call(State.DIALING, number=BUSY, dialing_at=dialled))
        pbx.fault(fault, count=-1 if fault == "HalfLines" else 1)
        answered = dial(pbx, HELPFUL, make_call(State.DIALING, number=HELPFUL, dialing_at=dialled))
        eventually(lambda: is_in(busy, State.ENDED) and is_in(answered, State.ENDED), "both have ended")
    ended = {busy.outcome: busy.hangup_cause, answered.outcome: answered.hangup_cause}
    assert set(ended) <= {Outcome.BUSY, Outcome.FAILED, Outcome.LOST}
    if fault in NOTHING_IS_LOST:
        assert (busy.outcome, busy.hangup_cause, answered.outcome) == (Outcome.BUSY, 17, Outcome.FAILED)


# --- A PBX that floods ----------------------------------------------------------------------------


class FloodingPbx:
    """Answers everything; once told, it sends events of channels of somebody else's calls as fast as it can.

    The Hangup of `call_id` is among the last of them. Afterwards its list of channels is empty.
    """

    def __init__(self, call_id: uuid.UUID) -> None:
        self._call_id = call_id
        self.flood = threading.Event()
        self.lists = 0

    def script(self, peer: Peer) -> None:
        peer.log_in()
        while (action := peer.receive()) is not None and action["Action"] != "Logoff":
            if action["Action"] == "CoreShowChannels":
                self._list(peer, action)
            else:
                peer.answer(action, "Success", "As you wish")
            if self.flood.is_set():
                self.flood.clear()
                peer.send(self.events())

    def _list(self, peer: Peer, action: dict[str, str]) -> None:
        self.lists += 1
        peer.answer(action, "Success", "Channels will follow")
        items = [] if self.lists > 1 else [f"Event: CoreShowChannel\r\nUniqueid: {self._call_id}\r\nChannelState: 5"]
        items.append(f"Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nListItems: {len(items)}")
        peer.send("".join(f"{item}\r\nActionID: {action['ActionID']}\r\n\r\n" for item in items).encode())

    def events(self) -> bytes:
        ringing = "Event: Newstate\r\nUniqueid: {}\r\nChannelState: 5\r\n\r\n"
        over = f"Event: Hangup\r\nUniqueid: {self._call_id}\r\nCause: 17\r\nCause-txt: User busy\r\n\r\n"
        return ("".join(ringing.format(uuid.UUID(int=number)) for number in range(FLOOD)) + over).encode()


@contextmanager
def flooded(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[CallControl, Call, FloodingPbx]]:
    monkeypatch.setattr(reconcile, "AFTER_OVERRUN_SECONDS", 0.1)
    monkeypatch.setattr(news, "QUEUE_LENGTH", 200)
    monkeypatch.setattr(lanes, "LANE_LENGTH", 20)
    call = make_call(State.RINGING, dialing_at=now() - timedelta(minutes=1))
    pbx = FloodingPbx(call.pk)
    with scripted(pbx.script) as server:
        account = AmiAccount("127.0.0.1", server.port, USERNAME, SECRET)
        with running(CallControl(account, PATIENT)) as control:
            eventually(lambda: control.client.ready and pbx.lists == 1, "callcontrol is ready")
            yield control, call, pbx


def test_a_flood_of_events_takes_no_more_memory_than_its_queues_and_loses_no_end(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with flooded(monkeypatch) as (control, call, pbx):
        longest = 0
        pbx.flood.set()

        def is_over() -> bool:
            nonlocal longest
            longest = max(longest, control.news._queue.qsize())
            return is_in(call, State.ENDED)

        eventually(is_over, "the call is over")
        eventually(lambda: control.client.ready, "and callcontrol still listens")
    assert longest <= news.QUEUE_LENGTH
    assert pbx.lists >= 2, "the events that were dropped were asked for"
    assert call.outcome in (Outcome.BUSY, Outcome.LOST)


def test_failed_dials_that_wait_for_more_news_are_counted(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "ASIDE_AT_MOST", 10)
    failed = "Event: OriginateResponse\r\nResponse: Failure\r\nReason: 0\r\nUniqueid: {}\r\n\r\n"
    failures = "".join(failed.format(uuid.uuid4()) for _ in range(150)).encode()
    monkeypatch.setattr(FloodingPbx, "events", lambda _: failures)
    with flooded(monkeypatch) as (control, call, pbx):
        pbx.flood.set()
        eventually(lambda: pbx.lists >= 2, "those beyond the limit are asked for")
        assert control.news._aside <= news.ASIDE_AT_MOST
        eventually(lambda: is_in(call, State.ENDED))
