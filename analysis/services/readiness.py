"""Whether anybody judges calls and writes reports. It stops nothing: it tells people why they wait."""

from redis.exceptions import RedisError

from opendeep.core import alive

WORKER = alive.PARTS_OF_QUEUES["llm"]
AWAY = (
    f"The worker for verdicts and reports ({WORKER}) is not running. "
    "Nothing is lost: everything goes on by itself when an operator has started it again."
)


def judging_standstill() -> str:
    """Why no call is judged and no report is written at this moment, in words for people who wait for one; or "".

    Without Redis nobody can tell: `calls` says so where it matters.
    """
    try:
        return "" if alive.is_alive(WORKER) else AWAY
    except RedisError:
        return ""
