"""Making organizations and the people in them."""

from django.db import transaction

from opendeep.accounts.models import Membership, Organization, User


def create_owner(*, email: str, password: str, name: str, organization_name: str, time_zone: str) -> User:
    """A new organization with its first owner, in one transaction."""
    with transaction.atomic():
        organization = Organization.objects.create(name=organization_name, time_zone=time_zone)
        user = User.objects.create_user(email, password, name=name, time_zone=time_zone)
        Membership.objects.create(user=user, organization=organization, role=Membership.Role.OWNER)
    return user
