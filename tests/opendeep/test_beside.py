"""manage.py beside `make run` finds the embedded parts; without it, it does not."""

from pathlib import Path

import pytest

from opendeep.supervise import beside
from opendeep.supervise.checks import only_one
from opendeep.supervise.surroundings import Surroundings, look_around


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    (tmp_path / "run").mkdir()
    return look_around({"VAR_DIR": str(tmp_path), "ENV_FILE": "/dev/null", "REDIS_PORT": "16999"})


def joined(surroundings: Surroundings, **environment: str) -> dict[str, str]:
    environment = {"VAR_DIR": str(surroundings.var), "ENV_FILE": "/dev/null", **environment}
    beside.join(environment)
    return environment


def test_a_command_beside_a_running_one_finds_its_parts(surroundings: Surroundings) -> None:
    with only_one(surroundings.var):
        beside.tell(surroundings)
        found = joined(surroundings)
    assert found["REDIS_URL"] == "redis://127.0.0.1:16999/0"
    assert found["ASTERISK_AMI_SECRET"] == "sandbox"
    assert "OPENDEEP_RUN" not in found


def test_what_is_set_stays(surroundings: Surroundings) -> None:
    with only_one(surroundings.var):
        beside.tell(surroundings)
        assert joined(surroundings, REDIS_URL="redis://elsewhere/0")["REDIS_URL"] == "redis://elsewhere/0"


def test_what_a_killed_one_left_behind_is_not_used(surroundings: Surroundings) -> None:
    with only_one(surroundings.var):
        beside.tell(surroundings)
    assert "REDIS_URL" not in joined(surroundings)


def test_nothing_is_left_behind_by_one_that_ended(surroundings: Surroundings) -> None:
    beside.tell(surroundings)
    beside.forget(surroundings)
    with only_one(surroundings.var):
        assert "REDIS_URL" not in joined(surroundings)


def test_only_its_owner_may_read_it(surroundings: Surroundings) -> None:
    beside.tell(surroundings)
    assert (surroundings.var / "run" / "settings.json").stat().st_mode & 0o077 == 0


def test_where_nothing_ever_ran_nothing_is_found(tmp_path: Path) -> None:
    environment = {"VAR_DIR": str(tmp_path / "nowhere")}
    beside.join(environment)
    assert environment == {"VAR_DIR": str(tmp_path / "nowhere")}
