"""Closed round trips by the venue's fills, and what they say: losses in a row, churn, and how fast orders fill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from plugins.domain import Fill
from plugins.domain.rounds import RoundTrip, apply

KEPT = 200
"""Closed round trips remembered: more than any limit looks at."""

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Closed:
    """A round trip that is over: when (market time), and what it brought after fees, in USDT."""

    symbol: str
    at: datetime
    result: Decimal


@dataclass(frozen=True, slots=True)
class Trips:
    """What the fills up to `cursor` of one exchange ledger came to."""

    ledger: str = ""
    cursor: int = 0
    open: Mapping[str, RoundTrip] = field(default_factory=dict)
    closed: tuple[Closed, ...] = ()

    def with_fills(self, fills: Iterable[tuple[int, Fill]]) -> Trips:
        """After further fills, each with its number in the ledger, in order."""
        going, closed, cursor = dict(self.open), list(self.closed), self.cursor
        for number, fill in fills:
            for trip in apply(going.pop(fill.symbol, None), fill):
                if trip.open:
                    going[fill.symbol] = trip
                else:
                    closed.append(Closed(trip.symbol, trip.last_market_at, trip.gross_pnl - trip.fees))
            cursor = max(cursor, number)
        return replace(self, cursor=cursor, open=going, closed=tuple(closed[-KEPT:]))

    def losses_in_a_row(self) -> int:
        """How many of the newest round trips lost, up to the last that did not."""
        count = 0
        for trip in reversed(self.closed):
            if trip.result >= 0:
                break
            count += 1
        return count

    def of_last_day(self, symbol: str, market_now: datetime) -> int:
        """Round trips closed in this symbol within the last 24 hours of market time."""
        return sum(trip.symbol == symbol and market_now - trip.at < DAY for trip in self.closed)
