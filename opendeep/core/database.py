"""What a database says that cannot be asked now."""

from django.db import InterfaceError, InternalError, OperationalError

DatabaseAway = (OperationalError, InterfaceError, InternalError)
"""Away, busy, or it has closed the connection (which psycopg tells as InternalError when a transaction was idle for too
long). Nothing is wrong with what it was asked: it can be asked again."""
