"""What the command line and the environment say."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """`contexts`: those of the dialplan. `endpoint`: the PJSIP trunk in `PJSIP/number@endpoint`."""

    username: str
    secret: str
    host: str = "127.0.0.1"
    port: int = 15038
    contexts: tuple[str, ...] = ("opendeep-out",)
    endpoint: str = "trunk"
    journal: Path | None = None
    refuse_logins: bool = False


def parse_settings(argv: Sequence[str] | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Exits with a usage message when something is wrong, as command lines do."""
    parser = argparse.ArgumentParser(
        prog="sandbox pbx", description="A stand-in for Asterisk: AMI, AudioSocket, and personas who answer."
    )
    parser.add_argument("--host", default=Settings.host)
    parser.add_argument("--ami-port", type=int, default=Settings.port, help="0 takes a free one")
    parser.add_argument("--username", default=environ.get("SANDBOX_AMI_USERNAME"))
    parser.add_argument("--secret", default=environ.get("SANDBOX_AMI_SECRET"))
    parser.add_argument("--context", action="append", help="of the dialplan; may be repeated (opendeep-out)")
    parser.add_argument("--endpoint", default=Settings.endpoint, help="the trunk (trunk)")
    parser.add_argument("--journal", type=Path, help="append one JSON line per Originate, answer and end")
    parser.add_argument("--refuse-login", action="store_true", help="refuse every login")
    given = parser.parse_args(argv)
    if not given.username or not given.secret:
        parser.error(
            "an AMI account is needed: --username and --secret, or SANDBOX_AMI_USERNAME and SANDBOX_AMI_SECRET"
        )
    return Settings(
        username=given.username,
        secret=given.secret,
        host=given.host,
        port=given.ami_port,
        contexts=tuple(given.context or Settings.contexts),
        endpoint=given.endpoint,
        journal=given.journal,
        refuse_logins=given.refuse_login,
    )
