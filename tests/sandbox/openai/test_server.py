import logging

import pytest

from sandbox.openai.server import listen, main
from sandbox.openai.settings import parse_settings


def test_a_taken_port_is_told_and_ends_the_program(caplog: pytest.LogCaptureFixture) -> None:
    with listen("127.0.0.1", 0) as other, caplog.at_level(logging.ERROR):
        port = other.getsockname()[1]

        assert main(["--port", str(port)]) == 1

    assert f"port {port} on 127.0.0.1 is taken" in caplog.text


def test_settings_come_from_the_command_line_and_the_environment() -> None:
    settings = parse_settings(["--port", "9300", "--api-key", "k"], {"SANDBOX_LATENCY_MS": "20"})

    assert (settings.port, settings.api_key, settings.latency_s) == (9300, "k", 0.02)


def test_the_latency_is_150_ms_unless_it_is_set() -> None:
    assert parse_settings([], {}).latency_s == 0.15


@pytest.mark.parametrize("latency", ["soon", "-1", "nan", "1e9"])
def test_a_latency_that_makes_no_sense_is_refused(latency: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_settings([], {"SANDBOX_LATENCY_MS": latency})

    assert "SANDBOX_LATENCY_MS" in capsys.readouterr().err
