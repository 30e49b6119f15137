"""A trunk: a way out through one PBX."""

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from opendeep.accounts.models import Organization

DEFAULT_TRUNK = "default"
"""The one of the settings; its row is made when the first call needs one."""

name_is_a_word = RegexValidator(r"^[a-z][a-z0-9_-]{0,39}$", "Write small letters, digits, - and _, like berlin-1.")
context_is_a_word = RegexValidator(r"^[A-Za-z0-9_-]{1,80}$", "Write the name of a dialplan context, like opendeep-out.")


def dial_string_has_one_number(value: str) -> None:
    around = value.replace("{number}", "")
    if value.count("{number}") != 1 or "{" in around or "}" in around:
        raise ValidationError("It must contain {number} once, like PJSIP/{number}@trunk.")


class Trunk(models.Model):
    """What is left empty is as the settings say (ASTERISK_DIAL_STRING, ASTERISK_CONTEXT, TRUNK_LINES).

    The columns below `out_of_order_since` are its circuit breaker; calls.trunks.service is their only writer.
    """

    name = models.CharField(max_length=40, primary_key=True, validators=[name_is_a_word])
    pbx = models.CharField("PBX", max_length=40, default="default", help_text="default, or a name in ASTERISK_PBXS.")
    dial_string = models.CharField(
        max_length=120,
        blank=True,
        validators=[dial_string_has_one_number],
        help_text="For example PJSIP/{number}@trunk. Empty: ASTERISK_DIAL_STRING.",
    )
    context = models.CharField(
        max_length=80, blank=True, validators=[context_is_a_word], help_text="Empty: ASTERISK_CONTEXT."
    )
    lines = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Calls at once; one that is put through to a person takes two. Empty: TRUNK_LINES.",
    )
    calls_per_second = models.FloatField(null=True, blank=True, help_text="Dials a second. Empty: no limit of its own.")
    wide_band = models.BooleanField(default=False, help_text="24 kHz sound; PBX and trunk must carry it.")
    enabled = models.BooleanField(default=True, help_text="Off: running calls go on, no new one takes it.")
    position = models.PositiveIntegerField(default=0, help_text="The smallest is taken first.")
    organizations = models.ManyToManyField(
        Organization,
        blank=True,
        related_name="trunks",
        help_text="With some, the trunk is theirs alone and they use no other. Without, everybody else's.",
    )

    out_of_order_since = models.DateTimeField(null=True, blank=True)
    out_of_order_reason = models.CharField(max_length=200, blank=True, help_text="In words.")
    retry_at = models.DateTimeField(null=True, blank=True, help_text="From then on a few calls try it again.")
    failed_tries = models.PositiveIntegerField(default=0, help_text="How often trying it again has failed.")
    in_order_since = models.DateTimeField(null=True, blank=True, help_text="Calls that ended before count no more.")
    times_out_of_order = models.PositiveIntegerField(default=0)
    unreachable_at = models.DateTimeField(null=True, blank=True, help_text="When its PBX was last out of reach.")
    unreachable_times = models.PositiveIntegerField(default=0, help_text="In a row.")

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(calls_per_second=None) | models.Q(calls_per_second__gt=0), name="trunk_has_a_pace"
            )
        ]

    def __str__(self) -> str:
        return self.name
