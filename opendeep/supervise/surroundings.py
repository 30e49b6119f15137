"""What this start uses: which parts are named in the environment, and which embedded ones stand in for the others."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from opendeep.environment import Env

ROOT = Path(__file__).resolve().parent.parent.parent
SANDBOX_NOTICE = "Sandbox: nobody real is called."
PBX_ONLY_NOTICE = "Sandbox telephone: the model is real, but nobody real is called."


@dataclass(frozen=True)
class Ports:
    web: int
    flower: int
    audiosocket: int
    redis: int
    sandbox_pbx: int
    sandbox_openai: int


@dataclass(frozen=True)
class Surroundings:
    """`environment` is what every process gets. A part that is not embedded is used where the environment names it.

    `drain_seconds`: so long running calls may go on when everything is stopped.
    """

    var: Path
    ports: Ports
    embedded_redis: bool
    sandbox_pbx: bool
    sandbox_openai: bool
    drain_seconds: float
    environment: Mapping[str, str]
    added: Mapping[str, str] = field(default_factory=dict)
    """Of the environment: what this start chose by itself."""

    @property
    def nobody_real(self) -> bool:
        """Every PBX is the stand-in. A further one (ASTERISK_PBXS) may lead to real telephones."""
        return self.sandbox_pbx and not self.environment.get("ASTERISK_PBXS")

    def needed_ports(self) -> dict[str, int]:
        """Setting -> port of every server that this start opens itself."""
        needed = {
            "WEB_PORT": self.ports.web,
            "FLOWER_PORT": self.ports.flower,
            "AUDIOSOCKET_BIND": self.ports.audiosocket,
        }
        if self.embedded_redis:
            needed["REDIS_PORT"] = self.ports.redis
        if self.sandbox_pbx:
            needed["SANDBOX_PBX_PORT"] = self.ports.sandbox_pbx
        if self.sandbox_openai:
            needed["SANDBOX_OPENAI_PORT"] = self.ports.sandbox_openai
        return needed


def look_around(process_environment: Mapping[str, str]) -> Surroundings:
    """Reads the environment and .env. Raises ImproperlyConfigured for a setting that cannot be used."""
    dotenv = {
        key: value for key, value in dotenv_values(process_environment.get("ENV_FILE", ROOT / ".env")).items() if value
    }
    given = {**dotenv, **process_environment}
    env = Env(given)
    var = Path(env.text("VAR_DIR", str(ROOT / "var"))).resolve()
    ports = _ports(env)
    has_redis, has_pbx = bool(_named(given, "REDIS_URL")), bool(_named(given, "ASTERISK_AMI_SECRET"))
    has_openai = bool(_named(given, "OPENAI_API_KEY"))
    added = {"VAR_DIR": str(var), "OPENDEEP_RUN": str(var), "PYTHONUNBUFFERED": "1", **_port_variables(ports)}
    if not _named(given, "SECRET_KEY"):
        added["SECRET_KEY_FILE"] = str(_secret_file(var))
    if not has_redis:
        added["REDIS_URL"] = f"redis://127.0.0.1:{ports.redis}/0"
    if not has_pbx:
        added |= _sandbox_pbx(ports)
    if not has_openai:
        added |= _sandbox_openai(ports)
    if not has_pbx and not given.get("ASTERISK_PBXS") and "ENVIRONMENT_NOTICE" not in given:
        added["ENVIRONMENT_NOTICE"] = PBX_ONLY_NOTICE if has_openai else SANDBOX_NOTICE
    if not (has_pbx and has_openai) and not given.get("SANDBOX_CACHE_DIR"):
        added["SANDBOX_CACHE_DIR"] = str(var / "sandbox" / "voices")
    drain_seconds = env.number("GATEWAY_DRAIN_SECONDS", 30, minimum=0, maximum=3600)
    return Surroundings(
        var, ports, not has_redis, not has_pbx, not has_openai, drain_seconds, {**given, **added}, added
    )


def _named(given: Mapping[str, str], name: str) -> str:
    return given.get(name) or given.get(f"{name}_FILE") or ""


def _ports(env: Env) -> Ports:
    return Ports(
        web=env.port("WEB_PORT", 8000),
        flower=env.port("FLOWER_PORT", 5555),
        audiosocket=env.host_port("AUDIOSOCKET_BIND", "127.0.0.1:9092")[1],
        redis=env.port("REDIS_PORT", 16379),
        sandbox_pbx=env.port("SANDBOX_PBX_PORT", 15038),
        sandbox_openai=env.port("SANDBOX_OPENAI_PORT", 19200),
    )


def _port_variables(ports: Ports) -> dict[str, str]:
    return {"WEB_PORT": str(ports.web), "FLOWER_PORT": str(ports.flower)}


def _sandbox_pbx(ports: Ports) -> dict[str, str]:
    return {
        "ASTERISK_AMI_HOST": "127.0.0.1",
        "ASTERISK_AMI_PORT": str(ports.sandbox_pbx),
        "ASTERISK_AMI_TLS": "false",
        "ASTERISK_AMI_USERNAME": "sandbox",
        "ASTERISK_AMI_SECRET": "sandbox",
    }


def _sandbox_openai(ports: Ports) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "sandbox",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{ports.sandbox_openai}/v1",
        "OPENAI_REALTIME_URL": f"ws://127.0.0.1:{ports.sandbox_openai}/v1/realtime",
    }


def _secret_file(var: Path) -> Path:
    """The secret key of this machine, made at the first start and readable by its owner only."""
    path = var / "secret_key"
    if not path.exists() or not path.read_text(encoding="utf-8").strip():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(50))
    return path
