"""The PostgreSQL that the suite starts for itself."""

from pathlib import Path

import psycopg
import pytest

from tests.rig.postgres import RunningPostgres

pytestmark = pytest.mark.postgres


def test_the_url_leads_to_an_empty_database_in_which_databases_can_be_made(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        tables = connection.execute("select count(*) from pg_stat_user_tables").fetchone()
        connection.execute("create database rig_check")
        connection.execute("drop database rig_check")
    assert tables == (0,)


def test_a_wrong_password_is_refused(postgres_url: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres_url, password="wrong")


def test_nothing_of_a_second_server_is_left_after_its_end(postgres_url: str) -> None:
    with RunningPostgres() as server:
        with psycopg.connect(server.url) as connection:
            row = connection.execute("show data_directory").fetchone()
        assert row is not None
        directory = Path(row[0])
        assert directory.exists()
    assert not directory.parent.exists()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(server.url)
