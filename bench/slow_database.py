"""`python -m bench.slow_database HELD FREE SECONDS`: takes what every write needs for HELD seconds, again and again."""

import sys
import time

import django
from django.db import connection, transaction


def hold(seconds: float) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("LOCK TABLE calls_call, calls_callevent, calls_turn IN EXCLUSIVE MODE")
        time.sleep(seconds)  # SQLite: the transaction has begun with the write lock


def main() -> None:
    held, free, lasts = (float(argument) for argument in sys.argv[1:4])
    give_up_at = time.monotonic() + lasts
    while time.monotonic() < give_up_at:
        hold(held)
        time.sleep(free)


if __name__ == "__main__":
    django.setup()
    main()
