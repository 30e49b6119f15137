import asyncio

from sandbox.pbx.clock import MAX_CATCH_UP_TICKS, Clock


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


async def test_a_long_standstill_is_skipped_and_a_short_one_caught_up() -> None:
    loop = asyncio.get_running_loop()
    clock, first = Clock(), Ticks(1)
    async with asyncio.timeout(10):
        running = asyncio.ensure_future(clock.run())
        begin = loop.time()
        stalls: list[float] = []

        def stall() -> None:
            if not stalls:
                stalls.append(loop.time())
                while loop.time() - begin < 0.4:  # the whole process stands still
                    pass

        clock.add(first)
        clock.add(stall)
        after = Ticks(MAX_CATCH_UP_TICKS)
        await first.reached.wait()
        clock.add(after)
        await after.reached.wait()
        running.cancel()
    assert first.count <= 2 + 2 * MAX_CATCH_UP_TICKS
