"""The OpenAPI description of everything that is served under /api/."""

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema


@pytest.fixture(scope="module")
def paths() -> dict[str, dict[str, object]]:
    with GENERATOR_STATS.silence():
        schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    validate_schema(schema)  # type: ignore[no-untyped-call]
    assert not GENERATOR_STATS._error_cache
    assert not GENERATOR_STATS._warn_cache
    found: dict[str, dict[str, object]] = schema["paths"]
    return found


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/chat_interaction", {"post"}),
        ("/api/execute_campaign", {"post"}),
        ("/api/campaigns/", {"get"}),
        ("/api/campaigns/{campaign_id}/", {"get"}),
        ("/api/campaigns/{campaign_id}/pause/", {"post"}),
        ("/api/campaigns/{campaign_id}/resume/", {"post"}),
        ("/api/campaigns/{campaign_id}/cancel/", {"post"}),
        ("/api/campaigns/{campaign_id}/report/", {"get", "post"}),
        ("/api/tasks/", {"get"}),
        ("/api/tasks/{task_id}/", {"get"}),
        ("/api/calls/", {"get"}),
        ("/api/calls/{call_id}/", {"get"}),
        ("/api/calls/{call_id}/transcript/", {"get"}),
        ("/api/calls/{call_id}/events/", {"get"}),
        ("/api/calls/{call_id}/recording/", {"get"}),
        ("/api/calls/{call_id}/hangup/", {"post"}),
        ("/api/questions/", {"get"}),
        ("/api/questions/{question_id}/answer/", {"post"}),
        ("/api/questions/{question_id}/dismiss/", {"post"}),
        ("/api/do-not-call/", {"get", "post"}),
    ],
)
def test_every_endpoint_is_described(paths: dict[str, dict[str, object]], path: str, methods: set[str]) -> None:
    assert set(paths[path]) >= methods
