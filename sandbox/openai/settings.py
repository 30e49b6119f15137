"""What the command line and the environment say."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_LATENCY_MS = 150
MAX_LATENCY_MS = 60_000


@dataclass(frozen=True)
class Settings:
    """`api_key` None accepts any key that is not empty. `latency_s` is waited before every chat completion."""

    host: str = "127.0.0.1"
    port: int = 9200
    api_key: str | None = None
    journal: Path | None = None
    latency_s: float = DEFAULT_LATENCY_MS / 1000


def parse_settings(argv: Sequence[str] | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Exits with a usage message when something is wrong, as command lines do."""
    parser = argparse.ArgumentParser(
        prog="sandbox openai", description="A stand-in for OpenAI: Chat Completions and Realtime on one port."
    )
    parser.add_argument("--host", default=Settings.host)
    parser.add_argument("--port", type=int, default=Settings.port)
    parser.add_argument("--api-key", help="refuse every other key; without it any key is good")
    parser.add_argument("--journal", type=Path, help="append one JSON line per request to this file")
    given = parser.parse_args(argv)
    try:
        latency_ms = float(environ.get("SANDBOX_LATENCY_MS") or DEFAULT_LATENCY_MS)
    except ValueError:
        latency_ms = -1
    if not 0 <= latency_ms <= MAX_LATENCY_MS:
        parser.error(f"SANDBOX_LATENCY_MS must be a number of milliseconds from 0 to {MAX_LATENCY_MS}")
    return Settings(given.host, given.port, given.api_key, given.journal, latency_ms / 1000)
