"""The only door into `analysis` for other apps (with contracts.py)."""

from analysis.selectors import pending_reason, verdict_of

__all__ = ["pending_reason", "verdict_of"]
