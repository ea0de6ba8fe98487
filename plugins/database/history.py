"""Books fills and funding into the history: each once, in one transaction with the round trips they change."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncConnection

from plugins.database.pages import FillLine, IncomeLine
from plugins.domain import ExitReason, Fill
from plugins.domain.rounds import RoundTrip, apply
from plugins.store import FillRow, FundingRow, Store
from plugins.store.fills import Fills
from plugins.store.positions import Positions
from plugins.store.signals import Signals
from plugins.store.trades import Trades
from plugins.store.unbroken import unbroken

FUNDING = "FUNDING_FEE"
FILLS_CURSOR = "exchange_fills_after"
INCOME_CURSOR = "exchange_income_after"
LEDGER = "exchange_ledger"
"""Which exchange.db the cursors belong to."""


FillKey = tuple[str, str]


class History:
    """The only writer of fills, positions, trades and funding.

    The round trips are folded from the fills, at start from all of them: what is stored of them is
    never trusted, and mends itself.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._engine = store.engine
        self._rounds: dict[str, RoundTrip] = {}
        self._newest: dict[str, int] = {}
        self._reasons: dict[str, ExitReason] = {}
        self._trips: set[str] = set()
        """Ids of all round trips that the stored fills make."""
        self._ahead = False
        self.count = 0

    @unbroken
    async def load(self) -> None:
        """Fold everything stored, and write round trips and trades anew where they belong."""
        self._rounds.clear()
        self._newest.clear()
        self._trips.clear()
        rows = await self._store.fills.all()
        self._reasons.update(await self._store.positions.reasons())
        by_symbol: defaultdict[str, list[Fill]] = defaultdict(list)
        for row in rows:
            by_symbol[row.fill.symbol].append(row.fill)
        self.count = len(rows)
        for symbol, fills in by_symbol.items():
            await self._refold(symbol, fills, {})

    @unbroken
    async def put_away(self, file: Path, *, at: datetime) -> int:
        """Move positions that no stored fill supports, and signals that are none, into `file`, one JSON line each.

        They are in the file, synced, before they leave their table: nothing is lost that somebody might want to see.
        Says how many rows that were.
        """
        positions = await self._store.positions.unsupported(self._trips)
        signals = await self._store.signals.unsound()
        if positions or signals:
            await to_thread.run_sync(_keep, file, {"positions": positions, "signals": signals}, at)
            async with self._engine.begin() as connection:
                await Positions.remove_from(connection, [row["id"] for row in positions])
                await Signals.remove_from(connection, [row["id"] for row in signals])
        return len(positions) + len(signals)

    async def believe_the_file(self) -> None:
        """After a failed booking memory may be ahead of what was stored; then everything is folded anew."""
        if self._ahead:
            await self.load()
            self._ahead = False

    @unbroken
    async def book(self, lines: Sequence[FillLine], *, at: datetime) -> int:
        """Store what is new of these fills with all that follows from them; says how many were new."""
        self._ahead = True
        because = {_key(line.fill): line.closed_because for line in lines if line.closed_because}
        fresh = [line.fill for line in lines if int(line.fill.venue_trade_id) > self._newest.get(line.fill.symbol, -1)]
        late = {line.fill.symbol for line in lines if line.fill not in fresh}
        changed = self._fold(fresh, because)
        async with self._engine.begin() as connection:
            new = await Fills.insert_into(connection, [FillRow(line.fill, line.position_id) for line in lines])
            await self._put(connection, changed)
        self.count += new
        if lines:
            await self._store.notes.set(FILLS_CURSOR, str(lines[-1].sequence), at=at)
        if new > len(fresh):
            # A fill came later than younger ones: only the whole history tells what it belongs to.
            for symbol in late:
                fills = [row.fill for row in await self._store.fills.of_symbol(symbol)]
                await self._refold(symbol, fills, because)
        self._ahead = False
        return new

    def _fold(self, fills: Iterable[Fill], because: Mapping[FillKey, ExitReason]) -> list[RoundTrip]:
        changed: dict[str, RoundTrip] = {}
        for fill in fills:
            after = apply(self._rounds.get(fill.symbol), fill)
            changed.update((trip.id, trip) for trip in after)
            self._trips.update(trip.id for trip in after)
            if not after[0].open and (reason := because.get(_key(fill))):
                self._reasons[after[0].id] = reason
            self._rounds[fill.symbol] = after[-1]
            self._newest[fill.symbol] = int(fill.venue_trade_id)
        return list(changed.values())

    async def _refold(self, symbol: str, fills: list[Fill], because: Mapping[FillKey, ExitReason]) -> None:
        self._rounds.pop(symbol, None)
        self._newest.pop(symbol, None)
        changed = self._fold(sorted(fills, key=lambda fill: int(fill.venue_trade_id)), because)
        async with self._engine.begin() as connection:
            await self._put(connection, changed)

    async def _put(self, connection: AsyncConnection, changed: list[RoundTrip]) -> None:
        closed = [(trip, self._reasons.get(trip.id, ExitReason.UNKNOWN)) for trip in changed if not trip.open]
        await Positions.put_into(connection, [*closed, *((trip, None) for trip in changed if trip.open)])
        await Trades.put_into(connection, closed)

    @unbroken
    async def book_income(self, lines: Sequence[IncomeLine], *, at: datetime) -> int:
        """Store funding settlements and count them into the trades they belong to; says how many were new."""
        rows = [
            FundingRow(line.transaction_id, line.symbol, line.amount, line.asset, line.market_at)
            for line in lines
            if line.kind == FUNDING
        ]
        async with self._engine.begin() as connection:
            new = await Trades.add_funding(connection, rows)
            if new:
                await Trades.recount_funding(connection, rows)
        if lines:
            await self._store.notes.set(INCOME_CURSOR, str(lines[-1].sequence), at=at)
        return new


def _keep(file: Path, tables: dict[str, list[dict[str, Any]]], at: datetime) -> None:
    rows = [{"put_away_at": at.isoformat(), "table": table, **row} for table, found in tables.items() for row in found]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(
        descriptor, "wb"
    ) as kept:  # all of it or an error: a disk that fills up takes a part without complaint
        kept.write(lines.encode())
        kept.flush()
        os.fsync(descriptor)


def _key(fill: Fill) -> FillKey:
    return fill.symbol, fill.venue_trade_id
