"""A database of its own for one run: a file of SQLite, or a test database beside the one in DATABASE_URL."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def configure() -> None:
    """Before Django is set up. Nobody listens to the broker that is named here: no job is queued."""
    os.environ.setdefault("SECRET_KEY", "only-for-measurements-0123456789-0123456789")
    os.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"
    os.environ["LOG_LEVEL"] = "ERROR"
    os.environ.setdefault("DATABASE_URL", "sqlite:///" + str(Path(tempfile.gettempdir()) / "opendeep-bench.sqlite3"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "opendeep.settings"


@contextmanager
def database() -> Iterator[str]:
    """Creates the database and destroys it; gives the name and version of its engine."""
    from django.db import connection  # noqa: PLC0415 - Django must be set up first

    with tempfile.TemporaryDirectory(prefix="opendeep-bench-") as folder:
        real_name = str(connection.settings_dict["NAME"])
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield _version()
        finally:
            connection.creation.destroy_test_db(real_name, verbosity=0)


def emptied() -> None:
    """The database as at the beginning, for another round of the same measure."""
    from django.core.management import call_command  # noqa: PLC0415 - Django must be set up first

    call_command("flush", interactive=False, verbosity=0)


def _version() -> str:
    from django.db import connection  # noqa: PLC0415

    question = "SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version"
    with connection.cursor() as cursor:
        cursor.execute(question)
        return f"{connection.vendor} {cursor.fetchone()[0]}"
