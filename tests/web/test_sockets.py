import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings

from calls.models import Call, CallGroup
from calls.questions import service
from calls.services.transitions import apply
from calls.states import Signal
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign, Conversation
from opendeep.accounts.models import Membership, Organization, User
from opendeep.asgi import application
from opendeep.core.live import call_group, campaign_group, conversation_group, organization_group, user_group
from tests.factories import NOW, make_call, make_campaign, make_conversation, make_organization, make_question

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

TIMEOUT_SECONDS = 5
TRY_AGAIN_LATER = 1013
NOBODY_LISTENS = "redis://127.0.0.1:1/0"
SIGN_IN_FIRST, NOT_YOURS = 4401, 4403


class Socket:
    """The page's end of a WebSocket to the whole ASGI application."""

    def __init__(self, path: str, cookie: bytes, origin: bytes) -> None:
        headers = [(b"origin", origin), (b"cookie", cookie), (b"host", b"localhost")]
        scope: Any = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
        self._sent: asyncio.Queue[Any] = asyncio.Queue()
        self._answers: asyncio.Queue[Any] = asyncio.Queue()
        self._application = asyncio.create_task(application(scope, self._sent.get, self._answers.put))

    async def open(self) -> Any:
        """The server's answer to the handshake: websocket.accept, or websocket.close with its code."""
        await self.send({"type": "websocket.connect"})
        return await self.next()

    async def send(self, message: dict[str, Any]) -> None:
        await self._sent.put(message)

    async def next(self) -> Any:
        return await asyncio.wait_for(self._answers.get(), TIMEOUT_SECONDS)

    async def hint(self) -> Any:
        return json.loads((await self.next())["text"])

    async def close(self) -> None:
        await self.send({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self._application, TIMEOUT_SECONDS)


def cookie_of(user: User | None) -> bytes:
    client = Client()
    if user is not None:
        client.force_login(user)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items()).encode()


async def socket(path: str, user: User | None, origin: bytes = b"http://localhost") -> Socket:
    return Socket(path, await database_sync_to_async(cookie_of)(user), origin)


@asynccontextmanager
async def watching(path: str, user: User | None) -> AsyncIterator[Socket]:
    page = await socket(path, user)
    assert (await page.open())["type"] == "websocket.accept"
    yield page
    await page.close()


async def refusal(path: str, user: User | None, origin: bytes = b"http://localhost") -> int:
    """The code with which the handshake is refused."""
    page = await socket(path, user, origin)
    answer = await page.open()
    await page.close()
    assert answer["type"] == "websocket.close"
    return int(answer.get("code", 1000))


async def hint(group: str, what: str) -> None:
    layer = get_channel_layer()
    assert layer is not None
    await layer.group_send(group, {"type": "live.hint", "what": what})


@pytest.fixture
def campaign(alice: User) -> Campaign:
    return make_campaign(user=alice)


@pytest.fixture
def call(alice: User, campaign: Campaign) -> Call:
    return make_call(organization=campaign.organization)


@pytest.fixture
def conversation(alice: User) -> Conversation:
    return make_conversation(alice)


async def test_owners_get_hints_of_what_they_watch(
    alice: User, campaign: Campaign, call: Call, conversation: Conversation
) -> None:
    watched = {
        f"/ws/campaigns/{campaign.pk}/": campaign_group(campaign.pk),
        f"/ws/calls/{call.pk}/": call_group(call.pk),
        f"/ws/conversations/{conversation.pk}/": conversation_group(conversation.pk),
        "/ws/me/": user_group(alice.pk),
    }
    for path, group in watched.items():
        async with watching(path, alice) as page:
            await hint(group, "state")
            assert await page.hint() == {"what": "state"}


async def test_a_campaign_hears_of_the_calls_made_for_it(alice: User, campaign: Campaign) -> None:
    group = await CallGroup.objects.aget(key=campaign_group_key(campaign.pk))
    call = await sync_to_async(make_call)(organization=campaign.organization, group=group)
    async with watching(f"/ws/campaigns/{campaign.pk}/", alice) as page:
        await sync_to_async(apply)(call.pk, Signal.PREPARE, at=NOW, source="engine")
        assert await page.hint() == {"what": "call"}


async def test_hints_that_come_together_are_sent_once_each(alice: User) -> None:
    async with watching("/ws/me/", alice) as page:
        for what in ("question", "question", "answer", "question"):
            await hint(user_group(alice.pk), what)
        assert [await page.hint(), await page.hint()] == [{"what": "question"}, {"what": "answer"}]
        await hint(user_group(alice.pk), "later")
        assert await page.hint() == {"what": "later"}


async def test_everybody_of_an_organization_hears_of_its_questions_and_nobody_else(
    alice: User, mallory: User, call: Call
) -> None:
    async with watching("/ws/me/", alice) as page, watching("/ws/me/", mallory) as strange:
        question = await sync_to_async(make_question)(call)
        answer = sync_to_async(service.answer_question)
        await answer(call.organization_id, question.pk, "Yes.", by=alice, at=NOW)
        assert await page.hint() == {"what": "questions"}
        await hint(user_group(mallory.pk), "own")
        assert await strange.hint() == {"what": "own"}


async def test_whoever_changes_to_another_organization_hears_no_more_of_the_old_one(alice: User, call: Call) -> None:
    async with watching("/ws/me/", alice) as page:
        await sync_to_async(Membership.objects.filter(user=alice).update)(organization=await sync_to_async(elsewhere)())
        await hint(organization_group(call.organization_id), "questions")
        assert await page.next() == {"type": "websocket.close", "code": NOT_YOURS}


def elsewhere() -> Organization:
    return make_organization(name="Elsewhere")


async def test_nobody_signed_in_is_refused(campaign: Campaign, call: Call, conversation: Conversation) -> None:
    for path in (f"campaigns/{campaign.pk}", f"calls/{call.pk}", f"conversations/{conversation.pk}", "me"):
        assert await refusal(f"/ws/{path}/", None) == SIGN_IN_FIRST


async def test_other_tenants_are_refused(
    mallory: User, campaign: Campaign, call: Call, conversation: Conversation
) -> None:
    for path in (f"campaigns/{campaign.pk}", f"calls/{call.pk}", f"conversations/{conversation.pk}"):
        assert await refusal(f"/ws/{path}/", mallory) == NOT_YOURS


async def test_what_does_not_exist_is_refused(alice: User) -> None:
    assert await refusal(f"/ws/campaigns/{uuid4()}/", alice) == NOT_YOURS


async def test_other_sites_cannot_open_a_socket(alice: User) -> None:
    await refusal("/ws/me/", alice, origin=b"https://evil.example")


async def test_whoever_left_the_organization_gets_no_more_hints(alice: User, campaign: Campaign) -> None:
    async with watching(f"/ws/campaigns/{campaign.pk}/", alice) as page:
        await sync_to_async(Membership.objects.filter(user=alice).delete)()
        await hint(campaign_group(campaign.pk), "secret")
        assert await page.next() == {"type": "websocket.close", "code": NOT_YOURS}


async def test_a_session_that_ended_closes_its_sockets(alice: User, campaign: Campaign) -> None:
    async with watching(f"/ws/campaigns/{campaign.pk}/", alice) as page:
        await sync_to_async(end_all_sessions)()
        await hint(campaign_group(campaign.pk), "secret")
        assert await page.next() == {"type": "websocket.close", "code": SIGN_IN_FIRST}


def end_all_sessions() -> None:
    Session.objects.all().delete()


async def test_what_a_page_says_is_ignored(alice: User) -> None:
    async with watching("/ws/me/", alice) as page:
        await page.send({"type": "websocket.receive", "text": "not json"})
        await page.send({"type": "websocket.receive", "bytes": b"\x00"})
        await hint(user_group(alice.pk), "question")
        assert await page.hint() == {"what": "question"}


async def test_without_redis_the_socket_closes_and_the_page_polls(alice: User, settings: Settings) -> None:
    backend = "channels_redis.pubsub.RedisPubSubChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": {"hosts": [NOBODY_LISTENS]}}}
    assert await refusal("/ws/me/", alice) == TRY_AGAIN_LATER
