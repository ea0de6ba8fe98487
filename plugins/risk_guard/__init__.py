"""Kill switch and limits on the venue's word; works when everything else is down."""

from plugins.risk_guard.plugin import RiskGuard

__all__ = ["RiskGuard"]
