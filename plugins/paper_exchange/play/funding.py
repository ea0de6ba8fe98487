"""When funding is settled, and at which rate, as far as the market's own schedule tells."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plugins.paper_exchange.market.source import MarketSource

HOUR_MS = 3_600_000
DEFAULT_INTERVAL_MS = 8 * HOUR_MS


@dataclass(frozen=True, slots=True)
class FundingOutlook:
    """`rate` is the last settled one: the next is not known before its time, and a recording must not give it away."""

    rate: Decimal
    next_ms: int
    interval_ms: int


def outlook(source: MarketSource, symbol: str, now_ms: int) -> FundingOutlook:
    """What the venue publishes about a symbol's funding at a market time."""
    past = source.funding(symbol, now_ms - DEFAULT_INTERVAL_MS, now_ms + 1)
    coming = source.funding(symbol, now_ms + 1, now_ms + 1 + DEFAULT_INTERVAL_MS)
    rate = past[-1][1] if past else Decimal(0)
    if not coming:
        return FundingOutlook(rate, now_ms - now_ms % DEFAULT_INTERVAL_MS + DEFAULT_INTERVAL_MS, DEFAULT_INTERVAL_MS)
    next_ms = coming[0][0]
    since_ms = next_ms - past[-1][0] if past else DEFAULT_INTERVAL_MS
    hours = max(1, round(since_ms / HOUR_MS))
    return FundingOutlook(rate, next_ms, hours * HOUR_MS)
