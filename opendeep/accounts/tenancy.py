"""Which organization a request acts for."""

from uuid import UUID

from django.http import HttpRequest

from opendeep.accounts.models import Membership, Organization
from opendeep.core.errors import DomainError


class NoOrganization(DomainError):
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "no_organization", "Your account belongs to no organization. Ask an operator to add you to one."
        )


def organization_of_user(user_id: UUID) -> Organization | None:
    """The organization in which the user works; the first membership counts."""
    membership = Membership.objects.filter(user_id=user_id).select_related("organization").first()
    return membership.organization if membership else None


def current_organization(request: HttpRequest) -> Organization:
    """The tenant of `request`: of its token, or of the signed-in user. Raises NoOrganization."""
    organization: Organization | None = getattr(request, "organization", None)
    if organization is None and request.user.is_authenticated:
        organization = organization_of_user(request.user.pk)
    if organization is None:
        raise NoOrganization
    request.organization = organization  # type: ignore[attr-defined]
    return organization
