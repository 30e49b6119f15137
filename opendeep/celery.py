"""The Celery application and what beat does."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun, worker_process_init
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opendeep.settings")

app = Celery("opendeep")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["opendeep.core", "calls", "analysis", "campaigns"])


@worker_process_init.connect
def _send_from_own_loop(**_: Any) -> None:
    from opendeep.core.layer import use_own_loop  # noqa: PLC0415 - Django is set up only now

    use_own_loop()


@task_prerun.connect
def _keep_connection_while_it_works(**_: Any) -> None:
    close_old_connections()


# Beat copies these rows into django-celery-beat's tables, where an operator may change the intervals.
app.conf.beat_schedule = {
    "what is due": {"task": "campaigns.dispatch_due", "schedule": 5.0, "options": {"expires": 5}},
    "undelivered events": {"task": "core.deliver_outbox", "schedule": 5.0, "options": {"expires": 5}},
    "calls that nobody was kicked for": {"task": "calls.dial_due", "schedule": 5.0, "options": {"expires": 5}},
    "overdue calls": {"task": "calls.end_overdue", "schedule": 10.0, "options": {"expires": 10}},
    "unjudged calls": {"task": "analysis.judge_due", "schedule": 5.0, "options": {"expires": 5}},
    "unwritten reports": {"task": "campaigns.reports_due", "schedule": 10.0, "options": {"expires": 10}},
    "owners who did not answer": {
        "task": "campaigns.give_up_waiting",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "recordings whose time is over": {
        "task": "calls.delete_old_recordings",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "facts delivered long ago": {"task": "core.prune_outbox", "schedule": 3600.0, "options": {"expires": 3600}},
    "beat is alive": {"task": "core.note_beat", "schedule": 5.0, "options": {"expires": 5}},
}
