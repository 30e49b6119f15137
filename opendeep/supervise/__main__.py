"""The launcher: prepare, start, wait until everything is ready, say where to look, stop on Ctrl-C."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from django.core.exceptions import ImproperlyConfigured

from opendeep.supervise import beside, checks, demo, processes
from opendeep.supervise.surroundings import ROOT, Surroundings, look_around

READY_SECONDS = 90
STOP_MARGIN_SECONDS = 10
POLL_SECONDS = 0.3
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a service manager, a terminal that is closed."""


def main() -> int:
    for ending in ENDINGS:
        signal.signal(ending, _as_interrupt)
    try:
        surroundings = look_around(os.environ)
        with checks.only_one(surroundings.var):
            return _run(surroundings)
    except (checks.CannotStart, ImproperlyConfigured) as error:
        print(f"\nOpenDeep cannot start: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped before everything was ready.")
        return 130


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(surroundings: Surroundings) -> int:
    stopped = checks.clear_leftovers(surroundings.var)
    if stopped:
        print(f"Stopped {stopped} processes that an earlier start had left behind.")
    checks.check_ports(surroundings.needed_ports())
    for name in ("run", "log", "redis", "sandbox", "media"):
        (surroundings.var / name).mkdir(parents=True, exist_ok=True)
    beside.tell(surroundings)
    environment = {**surroundings.environment, "PATH": f"{processes.BIN}:{os.environ.get('PATH', '')}"}
    print("Preparing the database and the pages …", flush=True)
    _manage(environment, "migrate", "--noinput", "-v0")
    _manage(environment, "collectstatic", "--noinput", "-v0")
    password = _demo_user(surroundings, environment)
    everything = processes.embedded(surroundings) + processes.of_procfile(surroundings)
    supervisor = _start(surroundings, environment, everything)
    try:
        if not _wait_until_ready(surroundings, supervisor):
            return 1
        _say_where(surroundings, password)
        supervisor.wait()
        print("The supervisor ended by itself; see", surroundings.var / "log" / "supervisord.log")
        return 1
    except KeyboardInterrupt:
        print("\nStopping … (calls in progress end politely)", flush=True)
        return 0
    finally:
        _stop(supervisor, processes.stop_seconds(everything) + STOP_MARGIN_SECONDS)
        beside.forget(surroundings)
        print("Stopped.")


def _manage(environment: Mapping[str, str], *arguments: str) -> None:
    _run_once(f"“manage.py {' '.join(arguments)}”", [sys.executable, "manage.py", *arguments], environment)


def _run_once(what: str, command: list[str], environment: Mapping[str, str]) -> None:
    result = subprocess.run(command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False)
    if result.returncode:
        words = (result.stderr or result.stdout).strip().splitlines()
        raise checks.CannotStart(f"{what} failed: {words[-1] if words else 'no words'}")


def _demo_user(surroundings: Surroundings, environment: Mapping[str, str]) -> str:
    path = surroundings.var / "demo_password"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(9), encoding="utf-8")
        path.chmod(0o600)
    password = path.read_text(encoding="utf-8").strip()
    arguments = [password] + (["--any-hour"] if surroundings.nobody_real else [])
    command = [sys.executable, "-m", "opendeep.supervise.demo", *arguments]
    settings = {"DJANGO_SETTINGS_MODULE": "opendeep.settings"}
    _run_once("The demo user", command, {**environment, **settings})
    return password


def _start(
    surroundings: Surroundings, environment: Mapping[str, str], everything: Sequence[processes.Process]
) -> "subprocess.Popen[bytes]":
    path = surroundings.var / "run" / "supervisord.conf"
    path.write_text(processes.supervisord_configuration(everything, surroundings), encoding="utf-8")
    print(f"Starting {', '.join(process.name for process in everything)} …", flush=True)
    return subprocess.Popen(
        [str(processes.BIN / "supervisord"), "-n", "-c", str(path)],
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches the launcher only, which then stops everything in order
    )


def _wait_until_ready(surroundings: Surroundings, supervisor: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + READY_SECONDS
    said = ""
    while time.monotonic() < deadline and supervisor.poll() is None:
        state = _readiness(surroundings.ports.web)
        if state == "ready":
            return True
        if state != said:
            print(f"Waiting for {state} …", flush=True)
            said = state
        time.sleep(POLL_SECONDS)
    print(f"\nNot ready after {READY_SECONDS} seconds; still missing: {said}.", file=sys.stderr)
    _show_logs(surroundings.var / "log", said)
    return False


def _readiness(port: int) -> str:
    """ "ready", or the parts that are missing."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return "ready"
    except urllib.error.HTTPError as error:
        body = error.read().decode(errors="replace")
        return _missing(body) if error.code == 503 else f"web (HTTP {error.code})"
    except (urllib.error.URLError, OSError):
        return "web"


def _missing(body: str) -> str:
    try:
        return ", ".join(json.loads(body)["missing"])
    except (ValueError, KeyError):
        return "web"


def _show_logs(log: Path, missing: str) -> None:
    names = {"pbx": "callcontrol", "database": "web"}
    for part in missing.split(", "):
        path = log / f"{names.get(part, part.split()[0])}.log"
        if path.exists():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
            print(f"\nLast lines of {path}:", *lines, sep="\n  ", file=sys.stderr)


def _say_where(surroundings: Surroundings, password: str) -> None:
    web, var = f"http://127.0.0.1:{surroundings.ports.web}", surroundings.var
    notice = surroundings.environment.get("ENVIRONMENT_NOTICE", "")
    print(
        f"""
OpenDeep is ready.  {notice}

  Pages     {web}/
  Sign in   {demo.EMAIL}   password: {password}
  Operators {web}/admin/   jobs: http://127.0.0.1:{surroundings.ports.flower}/
  Logs      {var / "log"}

  Try: Ask these three numbers whether they want to keep their appointment
       on Friday at ten: +12025550100, +12025550104, +12025550105

Ctrl-C stops everything.
""",
        flush=True,
    )


def _stop(supervisor: "subprocess.Popen[bytes]", seconds: float) -> None:
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    if supervisor.poll() is None:
        supervisor.terminate()
        try:
            supervisor.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(supervisor.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
