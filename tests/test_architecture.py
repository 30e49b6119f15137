"""What the folder names promise, checked by machine."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("opendeep", "calls", "campaigns", "analysis", "audiogateway", "sandbox")
LINES_AT_MOST = 400


def sources(*packages: str) -> list[Path]:
    return [p for name in packages or PACKAGES for p in (ROOT / name).rglob("*.py") if "migrations" not in p.parts]


def test_no_file_outgrows_one_responsibility() -> None:
    files = sources(*PACKAGES, "bench", "tests")
    too_long = {str(p.relative_to(ROOT)): n for p in files if (n := len(p.read_text().splitlines())) > LINES_AT_MOST}
    assert too_long == {}


def test_every_setting_is_in_the_example_and_every_example_is_a_setting() -> None:
    read = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
    used = {
        name
        for path in (ROOT / "opendeep/settings.py", ROOT / "opendeep/supervise/surroundings.py")
        for name in read.findall(path.read_text())
    }
    shown = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    of_processes = {"WORKER_CONCURRENCY"}
    assert shown - of_processes == used - {"DEBUG"}


def writers_of(column: str, model: str) -> set[str]:
    """Files that update `column` through the ORM or assign it on an instance."""
    found = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
                names = {keyword.arg for keyword in node.keywords}
                if column in names and model in ast.unparse(node):
                    found.add(str(path.relative_to(ROOT)))
    return found


def test_only_the_transition_services_write_the_states() -> None:
    assert writers_of("state", "Call.") <= {"calls/services/transitions.py"}
    assert writers_of("status", "Task.") <= {"campaigns/services/transitions.py"}
    assert writers_of("status", "Campaign.") <= {"campaigns/services/transitions.py"}
    assert writers_of("status", "Question.") <= {"calls/questions/service.py"}
