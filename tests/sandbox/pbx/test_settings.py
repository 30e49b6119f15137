from pathlib import Path

import pytest

from sandbox.__main__ import main
from sandbox.pbx.settings import parse_settings


def test_the_command_line_says_what_to_serve() -> None:
    settings = parse_settings(
        [
            "--ami-port",
            "0",
            "--username",
            "u",
            "--secret",
            "s",
            "--journal",
            "j.jsonl",
            "--context",
            "a",
            "--context",
            "b",
        ],
        {},
    )
    assert (settings.port, settings.username, settings.secret) == (0, "u", "s")
    assert (settings.journal, settings.contexts, settings.refuse_logins) == (Path("j.jsonl"), ("a", "b"), False)


def test_secrets_may_come_from_the_environment() -> None:
    settings = parse_settings([], {"SANDBOX_AMI_USERNAME": "u", "SANDBOX_AMI_SECRET": "s"})
    assert (settings.username, settings.secret, settings.port) == ("u", "s", 15038)


def test_a_missing_account_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_settings(["--username", "u"], {})
    assert "SANDBOX_AMI_SECRET" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [[], ["telephone"]])
def test_an_unknown_stand_in_is_answered_with_the_known_ones(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    assert "{pbx,openai}" in capsys.readouterr().err
