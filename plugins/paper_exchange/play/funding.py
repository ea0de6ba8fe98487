"""When funding is settled, and at which rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from plugins.paper_exchange.market.source import MarketSource

HOUR_MS = 3_600_000
DEFAULT_INTERVAL_MS = 8 * HOUR_MS
DEFAULT_RATE = Decimal("0.0001")
"""The venue's interest rate of 0.01 %, which is the rate of a market without a premium."""

Settlements: TypeAlias = Sequence[tuple[int, Decimal]]


@dataclass(frozen=True, slots=True)
class FundingOutlook:
    """`rate` is the last settled one: the next is not known before its time, and a recording must not give it away."""

    rate: Decimal
    next_ms: int
    interval_ms: int


@dataclass(slots=True)
class Change:
    """A symbol's funding while the venue settles it otherwise than the market says; `until_ms` None: it still does."""

    symbol: str
    from_ms: int
    interval_ms: int
    rate: Decimal
    until_ms: int | None = None

    def between(self, from_ms: int, to_ms: int) -> Settlements:
        """Its settlements with `from_ms <= at < to_ms`: the full intervals of the day after it began."""
        first = max(from_ms, self.from_ms + 1)
        last = to_ms if self.until_ms is None else min(to_ms, self.until_ms + 1)
        first += -first % self.interval_ms
        return [(at_ms, self.rate) for at_ms in range(first, last, self.interval_ms)]

    def covers(self, at_ms: int) -> bool:
        return at_ms > self.from_ms and (self.until_ms is None or at_ms <= self.until_ms)


class Schedule:
    """When funding is settled and at which rate: as the market says, but for what the venue has changed since."""

    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._changes: list[Change] = []

    def between(self, symbol: str, from_ms: int, to_ms: int) -> Settlements:
        """Settlements with `from_ms <= at < to_ms` as (at, rate), oldest first."""
        known = self._source.funding(symbol, from_ms, to_ms)
        mine = [change for change in self._changes if change.symbol == symbol]
        if not mine:
            return known
        kept = [row for row in known if not any(change.covers(row[0]) for change in mine)]
        return sorted(kept + [row for change in mine for row in change.between(from_ms, to_ms)])

    def change(self, symbol: str, now_ms: int, interval_ms: int, rate: Decimal | None) -> Change:
        """Settle a symbol every `interval_ms` from now on, at `rate` or at the last known one."""
        past = self.between(symbol, now_ms - DEFAULT_INTERVAL_MS, now_ms + 1)
        last_rate = past[-1][1] if past else DEFAULT_RATE
        made = Change(symbol, now_ms, interval_ms, last_rate if rate is None else rate)
        self._changes.append(made)
        return made

    def end(self, change: Change, now_ms: int) -> None:
        """From now on the market's own schedule holds again; what was settled otherwise stays settled."""
        change.until_ms = now_ms

    def outlook(self, symbol: str, now_ms: int) -> FundingOutlook:
        """What the venue publishes about a symbol's funding at a market time."""
        past = self.between(symbol, now_ms - DEFAULT_INTERVAL_MS, now_ms + 1)
        coming = self.between(symbol, now_ms + 1, now_ms + 1 + DEFAULT_INTERVAL_MS)
        rate = past[-1][1] if past else Decimal(0)
        running = next(
            (change for change in self._changes if change.symbol == symbol and change.until_ms is None), None
        )
        if running is not None:
            return FundingOutlook(rate, coming[0][0], running.interval_ms)
        if not coming:
            next_ms = now_ms - now_ms % DEFAULT_INTERVAL_MS + DEFAULT_INTERVAL_MS
            return FundingOutlook(rate, next_ms, DEFAULT_INTERVAL_MS)
        next_ms = coming[0][0]
        since_ms = next_ms - past[-1][0] if past else DEFAULT_INTERVAL_MS
        return FundingOutlook(rate, next_ms, max(1, round(since_ms / HOUR_MS)) * HOUR_MS)
