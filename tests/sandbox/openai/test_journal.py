import json
from contextlib import closing
from pathlib import Path

from sandbox.openai.journal import MAX_ENTRIES, Journal


def test_only_the_last_entries_are_kept() -> None:
    journal = Journal()
    for number in range(MAX_ENTRIES + 1):
        journal.record("chat", number=number)

    assert [entry["number"] for entry in journal.entries()] == list(range(1, MAX_ENTRIES + 1))


def test_entries_are_appended_to_a_file_as_json_lines(tmp_path: Path) -> None:
    with closing(Journal()) as journal:
        journal.write_to(tmp_path / "journal.jsonl")
        journal.record("chat", model="100%s")
        journal.record("realtime", model="b")

    lines = (tmp_path / "journal.jsonl").read_text().splitlines()

    assert [json.loads(line)["model"] for line in lines] == ["100%s", "b"]
