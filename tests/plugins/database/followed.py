"""What the exchange would answer, and a history that follows it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
from anyio import to_thread

from plugins.database import DatabasePlugin
from plugins.domain import Fill, Side
from plugins.domain.rounds import RoundTrip, apply
from qtcore import CallFailed
from qtcore.testing import Harness, Plug, harness

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
MARKET = datetime(2025, 5, 4, 8, 20, tzinfo=UTC)


@dataclass
class ExchangeLists:
    """What the exchange's reading actions would answer."""

    ledger: str = "a"
    lines: list[dict[str, Any]] = field(default_factory=list)
    incomes: list[dict[str, Any]] = field(default_factory=list)
    away: bool = False
    _trip: RoundTrip | None = None

    def trade(
        self, side: Side, quantity: str, *, price: str = "100", pnl: str = "0", because: str | None = None
    ) -> None:
        """One more execution, a minute of market time after the last."""
        number = len(self.lines) + 1
        fill = Fill(
            symbol="BTCUSDT",
            venue_trade_id=str(number),
            venue_order_id=str(number),
            client_order_id=f"qt-p-e-{number}",
            side=side,
            quantity=Decimal(quantity),
            price=Decimal(price),
            fee=Decimal("0.05"),
            fee_asset="USDT",
            realised_pnl=Decimal(pnl),
            maker=False,
            at=NOW,
            market_at=MARKET + timedelta(minutes=number),
        )
        self._trip = apply(self._trip, fill)[-1]
        line = {"sequence": number, "fill": fill, "position_id": self._trip.id, "closed_because": because}
        self.lines.append(line)

    def settle(self, amount: str, minute: float) -> None:
        """A funding settlement at a minute of market time."""
        at = MARKET + timedelta(minutes=minute)
        number = len(self.incomes) + 1
        kind = {"kind": "FUNDING_FEE", "symbol": "BTCUSDT", "asset": "USDT", "transaction_id": str(number)}
        self.incomes.append(kind | {"sequence": number, "amount": amount, "market_at": at})

    def fills(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self.away:
            raise CallFailed("exchange is not ready", error_type="NotReady")
        found = [line for line in self.lines if line["sequence"] > asked["after"]][: asked["limit"]]
        last = max((line["sequence"] for line in self.lines), default=0)
        return {"ledger": self.ledger, "fills": found, "count": len(self.lines), "last": last}

    def income(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        return [line for line in self.incomes if line["sequence"] > asked["after"]][: asked["limit"]]


@asynccontextmanager
async def history(exchange: ExchangeLists, home: Path, url: str = "", **settings: Any) -> AsyncIterator[Harness]:
    plug = Plug(DatabasePlugin, "database", settings={"pull_s": 0.02, "page": 3, "url": url} | settings)
    async with harness(plug, home=home, timers=False) as h:
        h.on_call("exchange.fills", exchange.fills)
        h.on_call("exchange.income", exchange.income)
        await h.ready("database")
        yield h


def run(url: str, statement: str) -> list[tuple[Any, ...]]:
    """A statement over a connection that shares nothing with ours; figures come as text."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as db, db:
            return db.execute(statement).fetchall()

    async def asked() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:  # our own loop is the one that waits
        found = thread.submit(asyncio.run, asked()).result()
    return [tuple(str(value) if isinstance(value, Decimal) else value for value in row) for row in found]


def in_home(home: Path) -> str:
    return f"sqlite:///{home / 'quantum.db'}"


async def shows(url: str, statement: str, expected: list[tuple[Any, ...]]) -> None:
    """Wait until the database answers this; asked from a thread, so that the history gets on meanwhile."""
    found: Any = None
    for _ in range(300):
        found = await to_thread.run_sync(run, url, statement)
        if found == expected:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{statement}: {found}, not {expected}")


async def caught_up(h: Harness, exchange: ExchangeLists, url: str = "") -> None:
    await shows(url or in_home(h.home), "SELECT count(*) FROM fills", [(len(exchange.lines),)])


def round_trip(exchange: ExchangeLists) -> None:
    exchange.trade(Side.LONG, "1", price="100")
    exchange.trade(Side.SHORT, "1", price="110", pnl="10", because="take_profit")
