"""What may be entered now: regime and volatility of each symbol, and what follows for confidence, risk and exits."""

from plugins.policy.plugin import Policy

__all__ = ["Policy"]
