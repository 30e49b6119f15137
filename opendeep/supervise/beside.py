"""Commands of manage.py beside a running `make run`: they find its embedded parts where it has put them."""

import fcntl
import json
import os
from collections.abc import MutableMapping
from pathlib import Path

from dotenv import dotenv_values

from opendeep.supervise.surroundings import ROOT, Surroundings

NOT_THEIRS = frozenset({"OPENDEEP_RUN", "PYTHONUNBUFFERED"})
"""By OPENDEEP_RUN the launcher knows its own processes."""


def tell(surroundings: Surroundings) -> None:
    """Leaves the settings that this start chose, readable by its owner only."""
    told = {name: value for name, value in surroundings.added.items() if name not in NOT_THEIRS}
    descriptor = os.open(_file(surroundings.var), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(told, file, indent=1)


def forget(surroundings: Surroundings) -> None:
    _file(surroundings.var).unlink(missing_ok=True)


def join(environment: MutableMapping[str, str]) -> None:
    """Adds the settings of the `make run` of this directory, if one is running; what is set stays."""
    var = _var(environment)
    if not _is_running(var):
        return
    try:
        told = json.loads(_file(var).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return  # it is still preparing
    for name, value in told.items():
        environment.setdefault(name, value)


def _var(environment: MutableMapping[str, str]) -> Path:
    dotenv = dotenv_values(environment.get("ENV_FILE", ROOT / ".env"))
    return Path(environment.get("VAR_DIR") or dotenv.get("VAR_DIR") or ROOT / "var").resolve()


def _is_running(var: Path) -> bool:
    """Whether somebody holds the lock of checks.only_one."""
    try:
        with (var / "run.lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _file(var: Path) -> Path:
    return var / "run" / "settings.json"
