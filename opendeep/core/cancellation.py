"""Cancellation that libraries forget."""

import asyncio


def end_if_cancelled() -> None:
    """For loops, behind what they wait for: asgiref and redis forget a cancellation that comes at the wrong moment.

    The task would go on for ever, and whoever waits for its end with it. Not for a task that goes on after a TaskGroup
    of its own has failed: Python 3.11 counts that as a cancellation for good.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
