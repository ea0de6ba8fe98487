"""The history's part of the report: equity over time and the newest closed trades (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from plugins.store.rows import TradeRow
from qtcore import Curves, Line, Paragraph, Section, Table

NEWEST = 20
SEEDED = 4_000
"""Rows of the history that the curve begins with: half a day at the usual pace."""


class EquityCurve:
    """Equity by market time in few points: when there are too many, every second one goes, and later ones are rarer."""

    def __init__(self, most: int = 480) -> None:
        self._most = most
        self._step = 1
        self._skipped = 0
        self.points: list[tuple[float, float]] = []

    def add(self, rows: Iterable[tuple[datetime, Decimal]]) -> None:
        """Rows in order of time; what is not later than the last one is left out."""
        for at, equity in rows:
            at_s = at.timestamp()
            if self.points and at_s <= self.points[-1][0]:
                continue
            self._skipped += 1
            if self._skipped < self._step and self.points:
                continue
            self._skipped = 0
            self.points.append((at_s, float(equity)))
            if len(self.points) > self._most:
                del self.points[1:-1:2]
                self._step *= 2


def equity_section(curve: EquityCurve) -> Section:
    """What the account was worth."""
    line = Line(name="equity", points=tuple(curve.points))
    return Section(title="Equity", blocks=(Curves(title="Equity over market time", y_label="USDT", lines=(line,)),))


def trades_section(newest: Sequence[TradeRow]) -> Section:
    """The newest closed trades with what they brought."""
    if not newest:
        return Section(title="Closed trades", blocks=(Paragraph(text="No trade has been closed yet."),))
    table = Table(
        headings=("symbol", "side", "closed", "entry", "exit", "fees", "funding", "net", "because"),
        rows=tuple(
            (
                row.symbol,
                row.side.value,
                row.closed_market_at,
                float(row.entry_price),
                float(row.exit_price),
                round(float(row.fees), 4),
                round(float(row.funding), 4),
                round(float(row.net_pnl), 4),
                row.closed_because.value,
            )
            for row in newest
        ),
    )
    return Section(title="Closed trades", blocks=(table,))
