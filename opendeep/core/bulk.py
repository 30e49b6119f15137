"""Many rows of one model at once, for where model objects would take longer than the database."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db import connection, models

ROWS_AT_ONCE = 5_000


def insert_many(
    model: type[models.Model],
    fields: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    common: Mapping[str, Any],
) -> None:
    """Inserts one row for each of `rows`, whose values belong to `fields`; `common` are values that all rows share.

    Fields named in neither get their defaults, worked out once: so none may have a default that differs by row.
    No signals are sent and nothing is validated but by the database (django.db.IntegrityError).
    """
    varying = [_field(model, name) for name in fields]
    shared = [field for field in model._meta.concrete_fields if field not in varying and not field.generated]
    given = {_field(model, name): value for name, value in common.items()}
    shared = [field for field in shared if field in given or not isinstance(field, models.AutoField)]
    constants = [_prepared(field, given.get(field, field.get_default())) for field in shared]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in [*varying, *shared])
    places = ", ".join(["%s"] * (len(varying) + len(shared)))
    statement = f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({columns}) VALUES ({places})"
    prepared = ([*map(_prepared, varying, row), *constants] for row in rows)
    with connection.cursor() as cursor:
        while batch := list(islice(prepared, ROWS_AT_ONCE)):
            cursor.executemany(statement, batch)


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise TypeError(f"{model.__name__}.{name} is no column.")
    return field


def _prepared(field: "models.Field[Any, Any]", value: Any) -> Any:
    return field.get_db_prep_save(value, connection)
