"""The main job, step by step through the HTTP API: a sentence, the form, the plan, the calls, the report."""

from typing import Any

from tests.e2e.product import Api, wait_until

SENTENCE = (
    "Ask these three numbers whether they want to keep their appointment on Friday at ten: "
    "+12025550100, +12025550104, +12025550105"
)
ANSWERS = {"text": "Harbour Dental", "textarea": "Any time", "number": 3, "date": "2027-01-04", "time": "10:00"}
CALLS_TIMEOUT_S = 150.0
SETTLED = {"completed", "failed_conclusive", "cancelled"}


def ok(answer: tuple[int, Any]) -> Any:
    status, body = answer
    assert status in {200, 201, 202}, body
    return body


def plan_of(api: Api, sentence: str) -> Any:
    """Talks to the assistant until the plan is complete; a form is answered field by field."""
    reply = ok(api.post("/api/chat_interaction", {"message": sentence}))
    for _ in range(3):
        if reply["status"] == "plan_complete":
            return reply
        assert reply["questions"], reply
        answers = {question["field"]: answer_to(question) for question in reply["questions"]}
        body = {"conversation_id": reply["conversation_id"], "answers": answers}
        reply = ok(api.post("/api/chat_interaction", body))
    raise AssertionError(f"no plan after three forms: {reply}")


def answer_to(question: dict[str, Any]) -> Any:
    if question["type"] == "choice":
        return question["options"][0]
    return question.get("suggestion") or ANSWERS[question["type"]]


def execute(api: Api, reply: dict[str, Any]) -> str:
    """Confirms the plan. Returns the campaign's id."""
    body = {"conversation_id": reply["conversation_id"], "campaign_plan": reply["campaign_plan"]}
    return str(ok(api.post("/api/execute_campaign", body))["campaign_id"])


def tasks_by_number(api: Api, campaign_id: str) -> dict[str, dict[str, Any]]:
    page = api.get(f"/api/tasks/?campaign={campaign_id}")
    return {task["contact"]["number"]: task for task in page["results"]}


def calls_of(api: Api, campaign_id: str) -> list[dict[str, Any]]:
    tasks = tasks_by_number(api, campaign_id).values()
    return [call for task in tasks for call in api.get(f"/api/tasks/{task['id']}/")["calls"]]


def wait_until_judged(api: Api, campaign_id: str, attempts: int = 1, timeout_s: float = CALLS_TIMEOUT_S) -> Any:
    """The tasks by number, once each is settled or has had `attempts` calls and waits for its next."""

    def look() -> Any:
        tasks = tasks_by_number(api, campaign_id)
        done = [
            task["status"] in SETTLED or (task["status"] == "pending" and task["attempts"] >= attempts)
            for task in tasks.values()
        ]
        return tasks if done and all(done) else None

    return wait_until("every call is made and judged", look, timeout_s)
