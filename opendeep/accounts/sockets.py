"""Sockets that pass live hints on to open pages, and only to those who may see what changed."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from redis.exceptions import RedisError

from opendeep.accounts.models import Organization, User
from opendeep.accounts.tenancy import organization_of_user

log = structlog.get_logger(__name__)

SIGN_IN_FIRST = 4401
NOT_YOURS = 4403
TRY_AGAIN_LATER = 1013


class HintConsumer(AsyncJsonWebsocketConsumer):
    """Joins `group()` when `may_watch` allows it, and sends each hint as {"what": …}.

    Who is watching is asked again for every hint: the session, the user and the membership may have ended since.
    A refused socket closes with 4401 (nobody is signed in) or 4403 (it belongs to somebody else, or does not exist).
    """

    def group(self) -> str:
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
        await self.channel_layer.group_add(self.group(), self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group(), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Pages have nothing to say here; whatever they send is ignored."""

    async def live_hint(self, event: dict[str, Any]) -> None:
        refusal = await database_sync_to_async(self._refusal)()
        if refusal:
            await self.close(code=refusal)
            return
        await self.send_json({"what": str(event["what"])})

    def _refusal(self) -> int | None:
        if not self._still_signed_in():
            return SIGN_IN_FIRST
        organization = organization_of_user(self.user_id)
        return None if organization and self.may_watch(organization) else NOT_YOURS

    def _still_signed_in(self) -> bool:
        session = self.scope.get("session")
        if session is not None and not session.exists(session.session_key or ""):
            return False
        return self.user_id is not None and User.objects.filter(pk=self.user_id, is_active=True).exists()
