"""One attempt to reach somebody by phone, and everything that is known of it."""

import uuid
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from calls.contracts import CalleeKind
from calls.questions.models import Question  # noqa: F401 - a model of this app
from calls.states import LIVE, Outcome, State, Transfer
from calls.trunks.models import Trunk
from opendeep.accounts.models import Organization

UPDATED_AT_ONCE = 500


class CallGroup(models.Model):
    """The dialing policy of a batch of calls (a campaign sees to it that it is true at every moment).

    The gate reads this row in the dialing transaction, so that a pause takes effect at once.
    """

    key = models.CharField(max_length=80, primary_key=True, help_text="campaigns.campaign:<id>")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    paused = models.BooleanField(default=False)
    not_before = models.DateTimeField(null=True, blank=True)
    not_after = models.DateTimeField(null=True, blank=True)
    max_concurrent_calls = models.PositiveIntegerField(null=True, blank=True)
    requires_consent = models.BooleanField(default=False, help_text="Only contacts whose consent is noted are called.")

    def __str__(self) -> str:
        return self.key


class DialPace(models.Model):
    """A token bucket of calls per second; see calls.services.pace."""

    key = models.CharField(max_length=80, primary_key=True, help_text="system, organization:<id>, or trunk:<name>")
    full_at = models.DateTimeField(help_text="When it is full again if nothing more is taken.")

    def __str__(self) -> str:
        return self.key


class CallingHours(models.Model):
    """When callees of an organization may be rung, in their own time zone. Without rows the default hours count."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="calling_hours")
    weekday = models.PositiveSmallIntegerField(help_text="0 is Monday.")
    opens_minute = models.PositiveSmallIntegerField(help_text="Minutes after midnight.")
    closes_minute = models.PositiveSmallIntegerField(help_text="Minutes after midnight; above 1440 it is the next day.")

    class Meta:
        verbose_name_plural = "calling hours"
        ordering = ["weekday", "opens_minute"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="weekday_is_a_weekday"),
            models.CheckConstraint(condition=Q(opens_minute__lt=models.F("closes_minute")), name="hours_open"),
            models.CheckConstraint(condition=Q(closes_minute__lte=2880), name="hours_end_next_day"),
        ]

    def __str__(self) -> str:
        return f"{self.weekday}: {self.opens_minute}-{self.closes_minute}"


EARLY_MEDIA = "early_media"
"""The kind of the event that says that the line was heard before any answer."""


class CallQuerySet(models.QuerySet["Call"]):
    """The partial indexes of calls that are not over are taken only by queries that say so in the same words."""

    def unfinished(self) -> "CallQuerySet":
        return self.exclude(state=State.ENDED)

    def live(self) -> "CallQuerySet":
        """Those that hold a line, however many have ended."""
        return self.unfinished().filter(state__in=LIVE)

    def update_in_order(self, **changes: Any) -> int:
        """update() for many rows that others change too, each in a transaction with further ones.

        All lock them by id, and so wait for each other in one row and never in a circle.
        """
        with transaction.atomic():
            ids = list(self.select_for_update(no_key=True).order_by("id").values_list("id", flat=True))
            batches = (ids[start : start + UPDATED_AT_ONCE] for start in range(0, len(ids), UPDATED_AT_ONCE))
            return sum(Call.objects.filter(id__in=batch).update(**changes) for batch in batches)


class Call(models.Model):
    """One attempt. Its id is also its Asterisk ChannelId, its ActionID and its AudioSocket UUID."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="calls")
    origin = models.CharField(max_length=80, help_text="What asked for the call, for example campaigns.task:<id>.")
    group = models.ForeignKey(CallGroup, on_delete=models.CASCADE, null=True, blank=True, related_name="calls")
    attempt = models.PositiveIntegerField(default=1)
    number = models.CharField(max_length=16)
    contact_name = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, help_text="The callee's.")
    time_zone_told = models.BooleanField(
        default=False, help_text="The contact's own; else a guess by the number, and all zones of the number count."
    )
    consent = models.CharField(max_length=200, blank=True, help_text="Where and when the callee agreed to be called.")
    brief = models.JSONField(help_text="What the agent is told: goal, instructions, opening, on_behalf_of, language.")

    state = models.CharField(max_length=16, choices=[(s.value, s.value) for s in State], default=State.QUEUED)
    outcome = models.CharField(max_length=16, choices=[(o.value, o.value) for o in Outcome], blank=True)
    end_reason = models.CharField(max_length=200, blank=True, help_text="In words.")
    not_before = models.DateTimeField()
    waits_for = models.CharField(
        max_length=40,
        blank=True,
        help_text="Why a queued call waits: a rule of the gate, line, rate, trunk, gateway, voice, pbx.",
    )
    deadline_at = models.DateTimeField(null=True, blank=True, help_text="When the present state is overdue.")
    setbacks = models.PositiveIntegerField(
        default=0, help_text="How often it went back to the queue because no voice or no PBX could be had."
    )

    trunk = models.ForeignKey(
        Trunk,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        help_text="Taken together with the line; it stays once the call is dialled.",
    )
    pbx = models.CharField(max_length=40, default="default", help_text="The PBX that was told to dial it.")
    trunk_fault = models.BooleanField(default=False, help_text="It failed by the trunk, not by the callee.")
    gateway = models.CharField(max_length=64, blank=True)
    gateway_address = models.CharField(max_length=80, blank=True)
    voice_ready_at = models.DateTimeField(null=True, blank=True)
    originate_sent_at = models.DateTimeField(null=True, blank=True)
    channel = models.CharField(max_length=120, blank=True)

    created_at = models.DateTimeField()
    preparing_at = models.DateTimeField(null=True, blank=True)
    dialing_at = models.DateTimeField(null=True, blank=True)
    ringing_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    talking_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    # An ending that was talked has two halves, told by different processes; see calls.services.endings.
    hung_up_at = models.DateTimeField(null=True, blank=True, help_text="When the PBX said that the channel is gone.")
    talk_over_at = models.DateTimeField(null=True, blank=True, help_text="When the gateway said that the talk is over.")
    talk_over_cause = models.CharField(max_length=24, blank=True)
    hang_up_requested_at = models.DateTimeField(null=True, blank=True)
    transfer = models.CharField(
        max_length=8,
        choices=[(t.value, t.value) for t in Transfer if t],
        blank=True,
        help_text="Whether the callee is being put through to a person.",
    )
    transfer_at = models.DateTimeField(null=True, blank=True, help_text="When `transfer` became what it is.")

    hangup_cause = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Q.850")
    hangup_cause_text = models.CharField(max_length=80, blank=True)
    sip_cause = models.CharField(max_length=16, blank=True)
    talk_ms = models.PositiveIntegerField(default=0)
    cost_microcents = models.PositiveBigIntegerField(default=0)
    callee_kind = models.CharField(
        max_length=12,
        choices=[(kind.value, kind.value) for kind in CalleeKind],
        default=CalleeKind.UNKNOWN,
        help_text="Who is there, as far as it was known last.",
    )
    message_left = models.BooleanField(default=False, help_text="On a voicemail, heard to its end.")
    figures = models.JSONField(default=dict, blank=True, help_text="Measured by the gateway, see TalkFigures.")

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["origin"],
                condition=~Q(state=State.ENDED),
                name="one_unfinished_call_per_origin",
            ),
            models.UniqueConstraint(
                fields=["organization", "number"],
                condition=Q(state__in=sorted(LIVE)),
                name="one_live_call_per_number",
            ),
            models.CheckConstraint(
                condition=(Q(state=State.ENDED) & ~Q(outcome="")) | (~Q(state=State.ENDED) & Q(outcome="")),
                name="an_ended_call_has_an_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state=State.QUEUED), name="call_queued"),
            models.Index(fields=["deadline_at"], condition=~Q(state=State.ENDED), name="call_unfinished"),
            models.Index(fields=["organization", "-created_at"], name="call_of_organization"),
            models.Index(fields=["origin", "attempt"], name="call_of_origin"),
            models.Index(fields=["organization", "number", "-dialing_at"], name="call_of_number"),
            models.Index(fields=["number"], condition=~Q(state=State.ENDED), name="call_unfinished_number"),
            models.Index(fields=["ended_at"], condition=Q(outcome=Outcome.LOST), name="call_lost"),
            models.Index(fields=["trunk", "-ended_at"], condition=Q(state=State.ENDED), name="call_ended_of_trunk"),
            # What came of an hour, without reading the rows.
            models.Index(
                fields=["ended_at", "outcome", "talk_ms", "cost_microcents"],
                condition=Q(state=State.ENDED),
                name="call_ended",
            ),
            # What a month has cost, without reading the rows.
            models.Index(fields=["organization", "ended_at", "cost_microcents"], name="call_cost"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    def rang(self) -> bool:
        """Whether the line was heard before any answer: a ringing, or the network's tones and words."""
        return self.ringing_at is not None or self.events.filter(kind=EARLY_MEDIA).exists()


LOOKED_AFTER = ("overdue", "stray_channel", "vanished", "voice_failed")
"""Kinds of events that tell what did not go by itself."""


class CallEvent(models.Model):
    """What happened to a call, in order. Written with the change that it describes."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    source = models.CharField(max_length=24, help_text="engine, gateway, pbx, agent, owner")
    from_state = models.CharField(max_length=16, blank=True)
    to_state = models.CharField(max_length=16, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    command_id = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 - unique only where there is one

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["call", "command_id"], name="one_event_per_command")]
        indexes = [
            models.Index(fields=["kind", "source"], condition=Q(kind__in=LOOKED_AFTER), name="event_looked_after")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.call_id}"


class CallCommand(models.Model):
    """An order of the in-call command bus: begun before its effect, finished after it (calls.services.commands)."""

    class State(models.TextChoices):
        BEGUN = "begun", "Begun"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="commands")
    command_id = models.CharField(max_length=64)
    name = models.CharField(max_length=40)
    state = models.CharField(max_length=8, choices=State, default=State.BEGUN)
    run_id = models.CharField(max_length=32, help_text="Whoever began it.")
    error = models.CharField(max_length=200, blank=True, help_text="In words.")
    begun_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["call", "command_id"], name="one_row_per_command")]

    def __str__(self) -> str:
        return f"{self.name} {self.state} of {self.call_id}"


class StrayChannel(models.Model):
    """A channel at a PBX that must not be there; see calls.services.strays."""

    channel_id = models.UUIDField(primary_key=True, help_text="Its Uniqueid, which looks like the id of a call.")
    channel = models.CharField(max_length=120, blank=True)
    pbx = models.CharField(max_length=40, verbose_name="PBX")
    call = models.ForeignKey(Call, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    why = models.CharField(max_length=120, help_text="Why it must not be there.")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(db_index=True)
    sightings = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-last_seen_at"]

    def __str__(self) -> str:
        return f"{self.channel or self.channel_id} at {self.pbx}"


class TurnQuerySet(models.QuerySet["Turn"]):
    def as_heard(self) -> "TurnQuerySet":
        """In the order in which the line carried them. The position decides between turns that began together."""
        return self.order_by("started_ms", "position", "id")


class Turn(models.Model):
    """Something that was said. `heard_text` is what the other side can have heard of it."""

    class Speaker(models.TextChoices):
        CALLEE = "callee", "Callee"
        AGENT = "agent", "Agent"
        SYSTEM = "system", "System"

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="turns")
    position = models.PositiveIntegerField(help_text="Order in the conversation, from 0.")
    item_id = models.CharField(max_length=80)
    speaker = models.CharField(max_length=8, choices=Speaker)
    text = models.TextField(blank=True)
    heard_text = models.TextField(blank=True)
    started_ms = models.PositiveIntegerField(help_text="After the answer.")
    ended_ms = models.PositiveIntegerField(null=True, blank=True)
    heard_ms = models.PositiveIntegerField(null=True, blank=True)
    interrupted = models.BooleanField(default=False)

    objects = TurnQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["call", "item_id"], name="one_turn_per_item")]

    def __str__(self) -> str:
        return f"{self.speaker}: {self.text[:40]}"


class Recording(models.Model):
    """What was heard on the line: callee left, agent right. Its file goes first, see calls.services.recordings."""

    call = models.OneToOneField(Call, on_delete=models.CASCADE, related_name="recording")
    path = models.CharField(max_length=120, help_text="Below settings.RECORDINGS_ROOT.")
    duration_ms = models.PositiveIntegerField(default=0, help_text="0 until the file is finished.")
    bytes = models.PositiveBigIntegerField(default=0)
    dropped_ms = models.PositiveIntegerField(default=0, help_text="Lost to a slow disk or a fast clock of the line.")
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"recording of {self.call_id}"


class DoNotCall(models.Model):
    """Somebody said no. Append-only; without an organization it counts for all of them."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, null=True, blank=True)
    number = models.CharField(max_length=16)
    source = models.CharField(max_length=40, help_text="call, verdict, owner, import")
    reason = models.CharField(max_length=200, blank=True)
    call = models.ForeignKey(Call, on_delete=models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "do not call"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "number"],
                condition=Q(organization__isnull=False),
                name="one_no_per_number",
            ),
            models.UniqueConstraint(
                fields=["number"], condition=Q(organization__isnull=True), name="one_global_no_per_number"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Usage(models.Model):
    """What a call used of the model, by kind; costs come from the dated price table."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="usage")
    source = models.CharField(max_length=24, help_text="realtime, transcription")
    item_id = models.CharField(max_length=80, help_text="The response or item that was billed.")
    model = models.CharField(max_length=60)
    tokens = models.JSONField(default=dict)
    seconds = models.FloatField(default=0)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["call", "source", "item_id"], name="billed_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.item_id}"
