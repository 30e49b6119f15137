"""Who holds lines, counted from rows once and counted on in memory by whoever takes more in the same transaction."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count, Q

from calls.models import Call, CallQuerySet
from calls.states import State, Transfer
from calls.trunks.models import DEFAULT_TRUNK

SYSTEM = "system"


def organization_key(organization_id: UUID | None) -> str:
    return f"organization:{organization_id}"


def group_key(key: str | None) -> str:
    return f"group:{key}"


def trunk_key(name: str | None) -> str:
    """A call that was prepared without any trunk goes by the default one."""
    return f"trunk:{name or DEFAULT_TRUNK}"


def gateway_key(gateway_id: str) -> str:
    return f"gateway:{gateway_id}"


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Calls by whatever has a limit, by the keys above; `preparing` are those of `calls` that wait for their dial.

    `added` are those of `calls` that no row tells of yet.
    """

    calls: Counter[str] = field(default_factory=Counter)
    preparing: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, calls: CallQuerySet) -> "Occupancy":
        """One query, of as many rows as there are different holders."""
        occupancy = cls()
        columns = ("organization", "group", "trunk", "gateway", "state")
        put_through = Count("pk", filter=Q(transfer__in=(Transfer.RINGING, Transfer.ANSWERED)))
        counted = calls.order_by().values_list(*columns).annotate(calls=Count("pk"), put_through=put_through)
        for organization_id, group, trunk, gateway_id, state, number, second_lines in counted:
            occupancy._count(_keys(organization_id, group, trunk, gateway_id), State(state), number)
            occupancy.calls[trunk_key(trunk)] += second_lines  # the person is rung by the trunk of the call
        return occupancy

    @classmethod
    def live(cls) -> "Occupancy":
        return cls.of(Call.objects.live())

    def add(self, call: Call, gateway_id: str) -> None:
        """`call` has just been given a trunk and a gateway, to be prepared."""
        keys = _keys(call.organization_id, call.group_id, call.trunk_id, gateway_id)
        self._count(keys, State.PREPARING, 1)
        self.added.update(keys)

    def remove(self, call: Call) -> None:
        """`call`, which was being prepared, is so no more."""
        keys = _keys(call.organization_id, call.group_id, call.trunk_id, call.gateway)
        self._count(keys, State.PREPARING, -1)

    def _count(self, keys: tuple[str, ...], state: State, number: int) -> None:
        for key in keys:
            self.calls[key] += number
            if state is State.PREPARING:
                self.preparing[key] += number


def _keys(organization_id: UUID, group: str | None, trunk: str | None, gateway_id: str) -> tuple[str, ...]:
    return (
        SYSTEM,
        organization_key(organization_id),
        group_key(group),
        trunk_key(trunk),
        gateway_key(gateway_id),
    )
