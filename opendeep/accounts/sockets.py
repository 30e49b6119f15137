"""Sockets that pass live hints on to open pages, and only to those who may see what changed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import DatabaseError
from redis.exceptions import RedisError

from opendeep.accounts.models import Organization, User
from opendeep.accounts.tenancy import organization_of_user

log = structlog.get_logger(__name__)

SIGN_IN_FIRST = 4401
NOT_YOURS = 4403
TRY_AGAIN_LATER = 1013

GATHER_SECONDS = 0.2


class HintConsumer(AsyncJsonWebsocketConsumer):
    """Joins its groups when `may_watch` allows it, and sends each hint as {"what": …}.

    Hints that come together are sent together, each once. Who is watching is asked again every time: the session, the
    user and the membership may have ended since.
    A refused socket closes with 4401 (nobody is signed in) or 4403 (it belongs to somebody else, or does not exist).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._whats: dict[str, None] = {}
        self._passing_on: asyncio.Task[None] | None = None

    def groups_to_join(self) -> list[str]:
        raise NotImplementedError

    def may_watch(self, organization: Organization) -> bool:
        """Whether the watched object belongs to `organization`. Runs in a thread, may read the database."""
        raise NotImplementedError

    @property
    def object_id(self) -> UUID:
        object_id: UUID = self.scope["url_route"]["kwargs"]["object_id"]
        return object_id

    @property
    def user_id(self) -> UUID | None:
        """Who signed in with the page's session; None for a stranger."""
        user = self.scope.get("user")
        return user.pk if user is not None else None

    async def __call__(
        self,
        scope: Any,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        try:
            await super().__call__(scope, receive, send)
        except (RedisError, OSError) as error:
            # Without Redis there are no hints. The page goes on by polling, and its socket tries again.
            log.warning("socket_without_hints", error=str(error))
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})

    async def connect(self) -> None:
        refusal = await database_sync_to_async(self._refusal)()
        if refusal:
            await self.close(code=refusal)
            return
        for group in self.groups_to_join():
            await self.channel_layer.group_add(group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        if self._passing_on is not None:
            self._passing_on.cancel()
        for group in self.groups_to_join():
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Pages have nothing to say here; whatever they send is ignored."""

    async def live_hint(self, event: dict[str, Any]) -> None:
        self._whats[str(event["what"])] = None
        if self._passing_on is None or self._passing_on.done():
            self._passing_on = asyncio.create_task(self._pass_on())

    async def _pass_on(self) -> None:
        while self._whats:
            await asyncio.sleep(GATHER_SECONDS)
            whats, self._whats = self._whats, {}
            try:
                refusal = await database_sync_to_async(self._refusal)()
            except DatabaseError as error:
                log.warning("socket_without_database", error=str(error))
                refusal = TRY_AGAIN_LATER
            if refusal:
                await self.close(code=refusal)
                return
            for what in whats:
                await self.send_json({"what": what})

    def _refusal(self) -> int | None:
        user_id = self.user_id
        if user_id is None or not self._still_signed_in(user_id):
            return SIGN_IN_FIRST
        organization = organization_of_user(user_id)
        return None if organization and self.may_watch(organization) else NOT_YOURS

    def _still_signed_in(self, user_id: UUID) -> bool:
        session = self.scope.get("session")
        if session is not None and not session.exists(session.session_key or ""):
            return False
        return User.objects.filter(pk=user_id, is_active=True).exists()
