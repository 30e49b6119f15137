"""The demo user of `make run`: `python -m opendeep.supervise.demo PASSWORD [--any-hour]`."""

import sys

import django

EMAIL = "demo@example.com"
AS_OFTEN_AS_IT_LIKES = 10_000
IN_THE_SANDBOX = {
    "calls_on_holidays": True,
    "records_calls": True,
    "calls_per_number_per_day": AS_OFTEN_AS_IT_LIKES,
    "calls_per_number_per_7_days": AS_OFTEN_AS_IT_LIKES,
    "calls_per_number_per_30_days": AS_OFTEN_AS_IT_LIKES,
}


def ensure(password: str, *, any_hour: bool) -> None:
    """Makes the demo organization and its owner, or sets the owner's password anew.

    With `any_hour` (the sandbox) the organization may call at any hour and as often as it likes, so that a first call
    never waits for morning, and its calls are recorded; without it (real phones) those settings go away and the
    defaults count.
    """
    from calls.models import CallingHours  # noqa: PLC0415 - Django is set up only now
    from opendeep.accounts.models import Organization, User  # noqa: PLC0415
    from opendeep.accounts.services import create_owner  # noqa: PLC0415
    from opendeep.accounts.tenancy import organization_of_user  # noqa: PLC0415

    user = User.objects.filter(email=EMAIL).first() or create_owner(
        email=EMAIL, password=password, name="Demo", organization_name="Demo", time_zone="America/New_York"
    )
    user.set_password(password)
    user.is_staff = user.is_superuser = True
    user.save()
    organization = organization_of_user(user.pk)
    # Only what an earlier start wrote: hours that an operator has set stay.
    CallingHours.objects.filter(organization=organization, opens_minute=0, closes_minute=1440).delete()
    mine = Organization.objects.filter(memberships__user=user)
    if not any_hour:
        mine = mine.filter(calls_per_number_per_day=AS_OFTEN_AS_IT_LIKES)  # an owner's own settings stay
    defaults = Organization()
    mine.update(**(IN_THE_SANDBOX if any_hour else {field: getattr(defaults, field) for field in IN_THE_SANDBOX}))
    if any_hour:
        CallingHours.objects.bulk_create(
            CallingHours(organization=organization, weekday=day, opens_minute=0, closes_minute=1440) for day in range(7)
        )


if __name__ == "__main__":
    django.setup()
    ensure(sys.argv[1], any_hour="--any-hour" in sys.argv)
