"""The outbox: facts that other apps must learn, written with the change that made them true."""

from django.db import models
from django.db.models import Q


class OutboxEvent(models.Model):
    """One fact, delivered to its topic's handlers at least once. A fact waits for the earlier ones of its key."""

    topic = models.CharField(max_length=64)
    key = models.CharField(max_length=64, help_text="What the fact is about; facts of one key stay in order.")
    payload = models.JSONField()
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    last_error = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["next_try_at", "id"], condition=Q(delivered_at=None), name="outbox_undelivered"),
            models.Index(fields=["key", "id"], condition=Q(delivered_at=None), name="outbox_undelivered_of_key"),
            models.Index(fields=["delivered_at"], name="outbox_delivered"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"
