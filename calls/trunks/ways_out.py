"""Which trunks there are, whose they are and what room they have: read once for any number of calls."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from calls.contracts import LineOutage
from calls.models import Call
from calls.services.occupancy import SYSTEM, Occupancy, organization_key, trunk_key
from calls.trunks.breaker import Breaker, room, state_of
from calls.trunks.choice import Candidate, Full, choose
from calls.trunks.models import DEFAULT_TRUNK, Trunk

Binding = Trunk.organizations.through


def lines_of(trunk: Trunk) -> int:
    return settings.TRUNK_LINES if trunk.lines is None else trunk.lines


@dataclass(frozen=True, slots=True)
class Pool:
    """Trunks that are switched on, in order. All calls may take them but those of `others`; or those of `owner`."""

    trunks: tuple[Trunk, ...]
    owner: UUID | None = None
    others: frozenset[UUID] = frozenset()

    def candidates(self, live: Occupancy, at: datetime) -> list[Candidate]:
        return [_candidate(trunk, live, at) for trunk in self.trunks]

    def share_of(self, calls: Counter[str]) -> int:
        """How many of `calls`, counted by the keys of an Occupancy, may take these trunks only."""
        if self.owner is not None:
            return calls[organization_key(self.owner)]
        return calls[SYSTEM] - sum(calls[organization_key(other)] for other in self.others)


@dataclass(frozen=True, slots=True)
class WaysOut:
    trunks: tuple[Trunk, ...]
    owners: dict[str, frozenset[UUID]]
    """The organizations of the trunks that are theirs alone."""

    @classmethod
    def now(cls) -> "WaysOut":
        rows = tuple(Trunk.objects.all()) or (Trunk(name=DEFAULT_TRUNK),)  # its first call makes its row
        owners: dict[str, frozenset[UUID]] = {}
        for name, organization_id in Binding.objects.values_list("trunk", "organization"):
            owners[name] = owners.get(name, frozenset()) | {organization_id}
        return cls(rows, owners)

    def pool_of(self, organization_id: UUID | None) -> Pool:
        """The organization's own trunks, or those that all others share; None: all of them."""
        if organization_id is None:
            return Pool(_enabled(self.trunks))
        own = [trunk for trunk in self.trunks if organization_id in self.owners.get(trunk.name, ())]
        if own:
            return Pool(_enabled(own), owner=organization_id)
        shared = [trunk for trunk in self.trunks if trunk.name not in self.owners]
        return Pool(_enabled(shared), others=frozenset().union(*self.owners.values()))

    def choose_for(self, call: Call, live: Occupancy, at: datetime) -> Trunk | Full | LineOutage:
        """The trunk that `call` takes now. Ask under lock_lines()."""
        pool = self.pool_of(call.organization_id)
        chosen = choose(pool.candidates(live, at), at)
        return self._row(chosen) if isinstance(chosen, str) else chosen

    def _row(self, name: str) -> Trunk:
        (trunk,) = [trunk for trunk in self.trunks if trunk.name == name]
        if trunk._state.adding:
            Trunk.objects.get_or_create(name=name)
            trunk.refresh_from_db()
        return trunk


def _enabled(trunks: Sequence[Trunk]) -> tuple[Trunk, ...]:
    return tuple(trunk for trunk in trunks if trunk.enabled)


def _candidate(trunk: Trunk, live: Occupancy, at: datetime) -> Candidate:
    key = trunk_key(trunk.name)
    state = state_of(trunk.out_of_order_since, trunk.retry_at, at)
    probing = 0
    if state is Breaker.HALF_OPEN:
        on_it = Q(trunk=trunk.name) | Q(trunk=None) if trunk.name == DEFAULT_TRUNK else Q(trunk=trunk.name)
        probing = Call.objects.live().filter(on_it, preparing_at__gte=trunk.retry_at).count() + live.added[key]
    return Candidate(
        name=trunk.name,
        state=state,
        room=room(state, lines_of(trunk), live.calls[key], probing),
        retry_at=trunk.retry_at,
        since=trunk.out_of_order_since,
        reason=trunk.out_of_order_reason,
        unreachable_at=trunk.unreachable_at,
    )
