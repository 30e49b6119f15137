"""manage.py create_api_token EMAIL: prints a new token for a program."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from opendeep.accounts.models import ApiToken, User
from opendeep.accounts.tenancy import organization_of_user


class Command(BaseCommand):
    help = "Makes an API token for a user and prints it once; only its hash is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="", help="what the token is for")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"There is no user {options['email']}.")
        organization = organization_of_user(user.pk)
        if organization is None:
            raise CommandError(f"{user.email} belongs to no organization. Add a membership in the admin first.")
        _, token = ApiToken.issue(user, organization, options["name"])
        self.stdout.write(token)
