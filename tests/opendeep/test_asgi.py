"""The entry point of HTTP and sockets."""

import importlib

import pytest
from django.db import connections

from opendeep import asgi


def test_requests_keep_no_connections_to_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 60)
    importlib.reload(asgi)
    assert connections.settings["default"]["CONN_MAX_AGE"] == 0
