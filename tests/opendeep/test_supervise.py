"""`make run` chooses its parts from the environment and says in words why it cannot start."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path

import psutil
import pytest

from audiogateway.worker import STOP_SECONDS
from opendeep.supervise import checks, processes
from opendeep.supervise.surroundings import Surroundings, look_around


@pytest.fixture
def listening_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def around(tmp_path: Path, **given: str) -> Surroundings:
    return look_around({"VAR_DIR": str(tmp_path), **given})


def test_without_settings_everything_is_embedded(tmp_path: Path) -> None:
    found = around(tmp_path)
    assert found.embedded_redis
    assert found.sandbox_pbx
    assert found.nobody_real
    assert found.sandbox_openai
    assert "nobody real is called" in found.environment["ENVIRONMENT_NOTICE"]


def test_an_empty_setting_does_not_replace_an_embedded_part(tmp_path: Path) -> None:
    found = around(tmp_path, REDIS_URL="", OPENAI_API_KEY="", ASTERISK_AMI_SECRET="")
    assert (found.embedded_redis, found.sandbox_openai, found.sandbox_pbx) == (True, True, True)
    assert found.environment["REDIS_URL"] == f"redis://127.0.0.1:{found.ports.redis}/0"


def test_voices_that_were_made_elsewhere_are_used(tmp_path: Path) -> None:
    assert around(tmp_path).environment["SANDBOX_CACHE_DIR"] == str(tmp_path / "sandbox" / "voices")
    assert around(tmp_path, SANDBOX_CACHE_DIR="/voices").environment["SANDBOX_CACHE_DIR"] == "/voices"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whatever_ends_the_launcher_lets_it_stop_what_it_has_started(tmp_path: Path, ending: signal.Signals) -> None:
    waiting = "m._run = lambda _: (print('up', flush=True), signal.pause())"
    code = f"import signal, sys; from opendeep.supervise import __main__ as m; {waiting}; sys.exit(m.main())"
    launcher = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "VAR_DIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout is not None
    assert launcher.stdout.readline() == "up\n"
    launcher.send_signal(ending)
    said, _ = launcher.communicate(timeout=20)
    assert (launcher.returncode, said.strip()) == (130, "Stopped before everything was ready.")


def test_beside_a_further_pbx_the_sandbox_does_not_promise_that_nobody_real_is_called(tmp_path: Path) -> None:
    found = look_around({"VAR_DIR": str(tmp_path), "ENV_FILE": os.devnull, "ASTERISK_PBXS": "berlin"})
    assert (found.sandbox_pbx, found.nobody_real) == (True, False)
    assert "ENVIRONMENT_NOTICE" not in found.environment


def test_a_real_pbx_and_a_key_start_no_sandbox_and_show_no_notice(tmp_path: Path) -> None:
    found = around(tmp_path, ASTERISK_AMI_SECRET="s", OPENAI_API_KEY="k", REDIS_URL="redis://db:6379/0")
    assert [process.name for process in processes.embedded(found)] == []
    assert "ENVIRONMENT_NOTICE" not in found.environment


def test_a_real_key_alone_keeps_the_sandbox_telephone(tmp_path: Path) -> None:
    found = around(tmp_path, OPENAI_API_KEY="k")
    assert [process.name for process in processes.embedded(found)] == ["redis", "sandbox-pbx"]
    assert found.environment["OPENAI_API_KEY"] == "k"
    assert "OPENAI_BASE_URL" not in found.environment


def test_the_secret_key_is_made_once_and_kept(tmp_path: Path) -> None:
    first = Path(around(tmp_path).environment["SECRET_KEY_FILE"]).read_text()
    second = Path(around(tmp_path).environment["SECRET_KEY_FILE"]).read_text()
    assert first == second
    assert len(first) > 40
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_a_taken_port_names_its_setting_and_its_owner(listening_port: int) -> None:
    with pytest.raises(
        checks.CannotStart, match=rf"Port {listening_port} is taken by .*process {os.getpid()}.*WEB_PORT"
    ):
        checks.check_ports({"WEB_PORT": listening_port})


def test_two_settings_with_one_port_are_refused() -> None:
    with pytest.raises(checks.CannotStart, match="FLOWER_PORT and WEB_PORT both name port 8000"):
        checks.check_ports({"WEB_PORT": 8000, "FLOWER_PORT": 8000})


def test_a_second_start_from_the_same_directory_is_refused(tmp_path: Path) -> None:
    with (
        checks.only_one(tmp_path),
        pytest.raises(checks.CannotStart, match="already running"),
        checks.only_one(tmp_path),
    ):
        pass


def test_processes_that_a_killed_start_left_behind_are_stopped(tmp_path: Path) -> None:
    leftover = subprocess.Popen(
        [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"],
        env={**os.environ, "OPENDEEP_RUN": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert leftover.stdout is not None
    leftover.stdout.readline()
    assert checks.clear_leftovers(tmp_path) == 1
    assert not psutil.pid_exists(leftover.pid) or leftover.wait(5) is not None
    leftover.communicate()


def test_the_configuration_names_every_process_once(tmp_path: Path) -> None:
    found = around(tmp_path)
    everything = processes.embedded(found) + processes.of_procfile(found)
    parser = RawConfigParser()
    parser.read_string(processes.supervisord_configuration(everything, found))
    programs = [section for section in parser.sections() if section.startswith("program:")]
    assert {"program:web", "program:worker", "program:beat", "program:callcontrol", "program:gateway"} <= set(programs)
    assert len(programs) == 10


def test_the_gateway_gets_the_time_that_its_calls_may_take_and_stops_before_the_others(tmp_path: Path) -> None:
    found = around(tmp_path, GATEWAY_DRAIN_SECONDS="300")
    own = {process.name: process for process in processes.of_procfile(found)}
    gateway = own.pop("gateway")
    assert gateway.stop_seconds == 300 + processes.GATEWAY_STOP_SECONDS
    assert processes.GATEWAY_STOP_SECONDS >= STOP_SECONDS
    assert gateway.priority > max(process.priority for process in own.values())
    assert processes.stop_seconds([gateway, *own.values()]) > gateway.stop_seconds
