import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import validate

from sandbox.openai.chat.summarizer import MAX_LISTED, summarize
from tests.sandbox.openai.chat.wire import CAMPAIGN_REPORT


def task(contact: str, status: str, conclusion: str = "", **results: Any) -> dict[str, Any]:
    entries = [{"field": name, "label": name.title(), "value": value} for name, value in results.items()]
    return {"contact": contact, "status": status, "conclusion": conclusion, "results": entries}


DATA = {
    "title": "Appointments",
    "goal": "Ask whether they keep it",
    "figures": {
        "tasks": 3,
        "completed": 1,
        "open": 1,
        "results": [{"field": "keeps", "label": "Keeps", "values": {"yes": 1}}],
    },
    "tasks": [
        task("Anna", "completed", "The person was reached.", keeps="yes"),
        task("Bob", "pending", "Asked to be called again on Monday at 10:00."),
        task("Carla", "failed_conclusive", "The person does not want to be called again."),
    ],
}


def test_the_headline_gives_the_figures() -> None:
    assert summarize(DATA)["headline"] == "Appointments: 1 of 3 done, 1 still open"


def test_a_title_that_asks_keeps_its_question_mark() -> None:
    assert summarize(DATA | {"title": "Are they well?"})["headline"] == "Are they well? 1 of 3 done, 1 still open"


def test_the_summary_tells_what_became_of_everybody() -> None:
    markdown = summarize(DATA)["summary_markdown"]

    assert "**Done**\n\n- Anna: The person was reached. (Keeps: yes)" in markdown
    assert "**Still going on**\n\n- Bob: Asked to be called again on Monday at 10:00." in markdown
    assert "**Not achieved**\n\n- Carla" in markdown
    assert "- Keeps: yes 1" in markdown


def test_results_that_are_not_verified_are_called_so() -> None:
    unverified = task("Anna", "completed", keeps="yes")
    unverified["results"][0]["verified"] = False

    assert "Keeps: yes, unverified" in summarize({"tasks": [unverified]})["summary_markdown"]


def test_nobody_who_wants_peace_is_a_next_step() -> None:
    tasks = [*DATA["tasks"], task("Dora", "failed_conclusive", "Nobody answered."), task("Emil", "pending_user_info")]

    steps = summarize({"tasks": tasks})["next_steps"]

    assert steps == ["Answer the open question for Emil.", "Try to reach Dora in another way, if it matters."]


def test_a_long_list_is_cut() -> None:
    tasks = [task(f"Person {number}", "completed") for number in range(MAX_LISTED + 1)]

    lines = summarize({"tasks": tasks})["summary_markdown"].splitlines()

    assert len([line for line in lines if line.startswith("- Person")]) == MAX_LISTED
    assert lines[-1] == "- and others"


def test_without_calls_there_is_nothing_to_report() -> None:
    report = summarize({"title": "Recall", "figures": {"tasks": 0, "completed": 0}})

    assert report["headline"] == "Recall: 0 of 0 done"
    assert report["summary_markdown"] == "There is nothing to report yet."


plain = st.text("abc 0123456789.,", max_size=10)
statuses = ["completed", "pending", "failed_conclusive", "pending_user_info", "on_hold", "cancelled", "other"]


@given(
    st.lists(st.builds(task, plain, st.sampled_from(statuses), plain), max_size=40),
    st.fixed_dictionaries({"tasks": st.integers(0, 99), "completed": st.integers(0, 99), "open": st.integers(0, 99)}),
)
def test_no_number_is_invented(tasks: list[dict[str, Any]], figures: dict[str, int]) -> None:
    data = {"title": "T", "figures": figures, "tasks": tasks}

    report = summarize(data)

    validate(report, CAMPAIGN_REPORT)
    said = " ".join([report["headline"], report["summary_markdown"], *report["next_steps"]])
    given_text = json.dumps(data, ensure_ascii=False)
    assert set(re.findall(r"[0-9]+", said)) <= set(re.findall(r"[0-9]+", given_text))
