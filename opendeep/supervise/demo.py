"""The demo user of `make run`: `python -m opendeep.supervise.demo PASSWORD [--any-hour]`."""

import sys

import django

EMAIL = "demo@example.com"


def ensure(password: str, *, any_hour: bool) -> None:
    """Makes the demo organization and its owner, or sets the owner's password anew.

    With `any_hour` (the sandbox) the organization may call at any hour, so that a first call never waits for
    morning; without it (real phones) those rows go away and the default hours count.
    """
    from calls.models import CallingHours  # noqa: PLC0415 - Django is set up only now
    from opendeep.accounts.models import User  # noqa: PLC0415
    from opendeep.accounts.services import create_owner  # noqa: PLC0415
    from opendeep.accounts.tenancy import organization_of_user  # noqa: PLC0415

    user = User.objects.filter(email=EMAIL).first() or create_owner(
        email=EMAIL, password=password, name="Demo", organization_name="Demo", time_zone="America/New_York"
    )
    user.set_password(password)
    user.is_staff = user.is_superuser = True
    user.save()
    hours = CallingHours.objects.filter(organization=organization_of_user(user.pk))
    hours.delete()
    if any_hour:
        organization = organization_of_user(user.pk)
        CallingHours.objects.bulk_create(
            CallingHours(organization=organization, weekday=day, opens_minute=0, closes_minute=1440) for day in range(7)
        )


if __name__ == "__main__":
    django.setup()
    ensure(sys.argv[1], any_hour="--any-hour" in sys.argv)
