"""The only door into `analysis` for other apps (with contracts.py)."""

from analysis.selectors import pending_reason, verdict_of
from analysis.services.readiness import judging_standstill

__all__ = ["judging_standstill", "pending_reason", "verdict_of"]
