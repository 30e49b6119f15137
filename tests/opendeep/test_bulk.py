from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError

from campaigns.models import Contact
from opendeep.core import bulk
from opendeep.core.bulk import insert_many
from opendeep.core.models import OutboxEvent
from tests import factories

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


def test_every_row_gets_its_own_values_the_common_ones_and_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "ROWS_AT_ONCE", 2)
    campaign = factories.make_campaign()
    people = [(uuid4(), f"+1202556{n:04}", {"street": f"Elm Street {n}"}) for n in range(5)]
    common = {"campaign": campaign.pk, "time_zone": "America/New_York"}

    insert_many(Contact, ("id", "number", "variables"), people, common=common)

    written = Contact.objects.filter(campaign=campaign, number__startswith="+1202556")
    assert sorted(written.values_list("id", "number", "variables"), key=str) == sorted(people, key=str)
    assert set(written.values_list("time_zone", "name", "time_zone_told")) == {("America/New_York", "", False)}


def test_ids_that_count_are_left_to_the_database() -> None:
    insert_many(
        OutboxEvent,
        ("key",),
        [("a",), ("b",)],
        common={"topic": "t", "payload": {}, "created_at": AT, "next_try_at": AT},
    )

    first, second = OutboxEvent.objects.filter(topic="t").order_by("id")
    assert (first.key, second.key, first.delivered_at) == ("a", "b", None)


def test_what_the_database_forbids_is_an_error() -> None:
    campaign = factories.make_campaign()
    twice = [(uuid4(), "+12025550100"), (uuid4(), "+12025550100")]
    with pytest.raises(IntegrityError):
        insert_many(Contact, ("id", "number"), twice, common={"campaign": campaign.pk, "time_zone": "UTC"})
