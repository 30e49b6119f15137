import asyncio

import pytest

from sandbox.pbx.clock import Clock, next_deadline


class Ticks:
    """Counts, and tells when a number is reached."""

    def __init__(self, wanted: int) -> None:
        self.count = 0
        self._wanted = wanted
        self.reached = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        if self.count == self._wanted:
            self.reached.set()


async def test_ticks_keep_to_absolute_deadlines() -> None:
    loop = asyncio.get_running_loop()
    clock, ticks = Clock(speed=20), Ticks(100)
    async with asyncio.timeout(10):
        running = asyncio.ensure_future(clock.run())
        begin = loop.time()
        clock.add(ticks)
        await ticks.reached.wait()
        running.cancel()
    assert loop.time() - begin >= 100 * 0.001


async def test_nobody_is_ticked_after_leaving() -> None:
    clock, first, second = Clock(speed=20), Ticks(1), Ticks(10)
    async with asyncio.timeout(10):
        running = asyncio.ensure_future(clock.run())
        clock.add(first)
        await first.reached.wait()
        clock.remove(first)
        clock.add(second)
        await second.reached.wait()
        running.cancel()
    assert first.count == 1


def test_lateness_does_not_add_up() -> None:
    assert next_deadline(1.00, 1.00, 0.02) == pytest.approx(1.02)
    assert next_deadline(1.00, 1.015, 0.02) == pytest.approx(1.02)


def test_a_short_standstill_is_caught_up_and_a_long_one_is_skipped() -> None:
    assert next_deadline(1.00, 1.09, 0.02) == pytest.approx(1.02)
    assert next_deadline(1.00, 1.50, 0.02) == pytest.approx(1.52)
