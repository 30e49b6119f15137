"""`Authorization: Token …` for programs."""

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from opendeep.accounts.models import ApiToken, User, hash_token

NOTED_EVERY = timedelta(minutes=1)


class ApiTokenAuthentication(BaseAuthentication):
    """Finds the token by its hash; the request then acts as its user, for its organization."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        kind, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if kind.lower() != "token":
            return None
        row = (
            ApiToken.objects.filter(token_hash=hash_token(token.strip()), revoked_at=None, user__is_active=True)
            .filter(user__memberships__organization=F("organization"))  # whoever has left is left out
            .select_related("user", "organization")
            .first()
        )
        if row is None:
            raise AuthenticationFailed("This token is unknown or revoked. Make a new one with create_api_token.")
        _note_use(row, timezone.now())
        request._request.organization = row.organization  # type: ignore[attr-defined]
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        return "Token"


def _note_use(token: ApiToken, at: datetime) -> None:
    """Seldom, so that reading does not wait for those who write (SQLite has one writer at a time)."""
    if token.last_used_at is None or at - token.last_used_at > NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
