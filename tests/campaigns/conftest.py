from typing import Any

import pytest

from opendeep.core import jobs as core_jobs


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the jobs that were queued, in order; nobody runs them."""
    names: list[str] = []

    def enqueue(task_name: str, *args: Any) -> bool:
        names.append(task_name)
        return True

    monkeypatch.setattr(core_jobs, "enqueue", enqueue)
    return names
