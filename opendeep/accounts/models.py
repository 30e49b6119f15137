"""Who uses OpenDeep: people, the organizations they work for, the tokens of their programs."""

import hashlib
import secrets
import uuid
from typing import ClassVar
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from phonenumbers import SUPPORTED_REGIONS

from opendeep.core.phone import E164


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(f"{name} is not an IANA time zone. Write one like Europe/Berlin.")


def validate_number(number: str) -> None:
    """The PBX is given no other form."""
    if not E164.fullmatch(number):
        raise ValidationError("Write the number in the form +12025550100, without spaces.")


def validate_caller_id(number: str) -> None:
    """With another one every call of the organization would fail."""
    validate_number(number)


def validate_countries(codes: object) -> None:
    if not isinstance(codes, list) or not all(code in SUPPORTED_REGIONS for code in codes):
        raise ValidationError('Write countries as a list of their two-letter codes (ISO 3166), like ["DE", "US"].')


class Organization(models.Model):
    """A tenant. Every row that belongs to one carries its id, and every read is scoped by it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    caller_id = models.CharField(
        max_length=16, blank=True, validators=[validate_caller_id], help_text="E.164 number shown to callees."
    )
    transfer_number = models.CharField(
        max_length=16,
        blank=True,
        validators=[validate_number],
        help_text="E.164 number of a person to whom callees who insist on one are put through. Empty: nobody is.",
    )
    max_concurrent_calls = models.PositiveIntegerField(default=5)
    calls_per_second = models.FloatField(default=1.0)
    spending_cap_cents = models.PositiveIntegerField(
        null=True, blank=True, help_text="For a calendar month; empty means no cap. A dollar is reserved for each call."
    )
    allowed_countries = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_countries],
        help_text='Countries that may be called, like ["DE", "US"]. Empty: that of the caller id, or all without one.',
    )
    calls_on_holidays = models.BooleanField(
        default=False, help_text="Call also on public holidays of the callee's country."
    )
    calls_per_number_per_day = models.PositiveIntegerField(
        default=3, help_text="To one number within 24 hours, by all campaigns together."
    )
    calls_per_number_per_7_days = models.PositiveIntegerField(default=7)
    calls_per_number_per_30_days = models.PositiveIntegerField(default=20)
    retention_days = models.PositiveIntegerField(default=90)
    records_calls = models.BooleanField(
        default=False,
        help_text="Keep the sound of calls for the retention days. In many countries only with the callee's consent.",
    )
    discloses_ai = models.BooleanField(
        default=True,
        help_text="The agent's first sentence says that it is an AI, and on whose behalf it calls.",
    )
    calling_paused = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May use the operators' pages.")
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        MEMBER = "member", "Member"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.MEMBER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "organization"], name="one_membership_each")]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"


def hash_token(token: str) -> str:
    """Tokens are long and random, so one round of SHA-256 is enough to keep them unreadable in the database."""
    return hashlib.sha256(token.encode()).hexdigest()


class ApiToken(models.Model):
    """A program's key. Only its hash is stored; the token itself is shown once, when it is made."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, blank=True)
    prefix = models.CharField(max_length=8, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.user}"

    @classmethod
    def issue(cls, user: User, organization: Organization, name: str = "") -> tuple["ApiToken", str]:
        """A new token and its secret text."""
        token = secrets.token_urlsafe(32)
        row = cls.objects.create(
            user=user, organization=organization, name=name, prefix=token[:8], token_hash=hash_token(token)
        )
        return row, token
