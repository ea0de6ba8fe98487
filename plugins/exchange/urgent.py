"""Says at once what cannot wait for the next health: an answer that is out for long, an order of unclear outcome."""

from __future__ import annotations

from plugins.exchange.condition import stale_finding, unclear_finding
from plugins.exchange.figures import doubts_of
from plugins.exchange.kinds import STALE, UNCLEAR
from plugins.exchange.opening import Exchange
from plugins.exchange.settings import ExchangeSettings
from qtcore import Context, Finding, Severity

LATE_S = 1.5
"""Real seconds between two looks that say that this process was held up itself, not the venue."""


class Urgent:
    """Raises each finding once, again when it gets graver, and takes it back when it is over."""

    def __init__(self) -> None:
        # An earlier generation may have said so, and ended before it could take that back.
        self._told: dict[str, Severity | None] = {STALE.code: None, UNCLEAR.code: None}
        self._looked_s: float | None = None

    def look(self, ctx: Context[ExchangeSettings], exchange: Exchange) -> None:
        """Judge the account's age and the orders in doubt as they are now."""
        now_s, last_s = ctx.now(), self._looked_s
        self._looked_s = now_s
        exchange.reconciler.owing.look(now_s)
        if last_s is None or now_s - last_s > LATE_S:
            return
        doubts = doubts_of(exchange)
        self._tell(ctx, STALE.code, stale_finding(doubts))
        self._tell(ctx, UNCLEAR.code, unclear_finding(doubts))

    def _tell(self, ctx: Context[ExchangeSettings], code: str, finding: Finding | None) -> None:
        if finding is None:
            if code in self._told:
                del self._told[code]
                ctx.resolve_finding(code)
        elif self._told.get(code) is not finding.severity:
            self._told[code] = finding.severity
            ctx.raise_finding(finding)
