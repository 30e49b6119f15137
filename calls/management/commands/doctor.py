"""manage.py doctor: what is configured, reachable and missing, line by line."""

import asyncio
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from calls.doctor import ours, pbx, told, ways_out
from calls.doctor.findings import Finding, Level
from calls.doctor.ways_out import WayOut


class Command(BaseCommand):
    help = "Says what is configured, reachable and missing, and places no call. Status 1: calls cannot be made."
    requires_system_checks = ()  # it looks itself, and says more

    def handle(self, *args: Any, **options: Any) -> None:
        levels: Counter[Level] = Counter()
        for finding in ours.findings():
            levels[self._say(finding)] += 1
        for way in self._ways_out():
            for finding in [*asyncio.run(pbx.findings(way)), *self._told(way)]:
                levels[self._say(finding)] += 1
        if levels[Level.MISSING]:
            self.stdout.write(f"\nMissing: {levels[Level.MISSING]}. Calls cannot be made as they should.")
            raise SystemExit(1)
        self.stdout.write("\nNothing that calls need is missing.")

    def _ways_out(self) -> list[WayOut]:
        try:
            return ways_out.ways_out()
        except DatabaseError:  # said already; the PBX of the settings is looked at all the same
            return [ways_out.of_settings()]

    def _told(self, way: WayOut) -> list[Finding]:
        try:
            return [told.finding(way.pbx)]
        except DatabaseError:
            return []

    def _say(self, finding: Finding) -> Level:
        self.stdout.write(f"{finding.level:<8} {finding.part}: {finding.words}")
        return finding.level
