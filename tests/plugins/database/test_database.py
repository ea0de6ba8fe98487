"""The history follows the exchange: once each, nothing missed, mended when damaged."""

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
import pytest

from plugins.database import DatabasePlugin
from plugins.domain import Account, ExitReason, Fill, Side
from plugins.domain.rounds import RoundTrip, apply
from qtcore import CallFailed
from qtcore.testing import Harness, Plug, harness

pytestmark = pytest.mark.anyio
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


async def caught_up(h: Harness, exchange: ExchangeLists, url: str = "") -> None:
    await h.until(lambda: run(url or in_home(h.home), "SELECT count(*) FROM fills") == [(len(exchange.lines),)])


def round_trip(exchange: ExchangeLists) -> None:
    exchange.trade(Side.LONG, "1", price="100")
    exchange.trade(Side.SHORT, "1", price="110", pnl="10", because="take_profit")


async def test_a_closed_round_trip_becomes_a_trade(tmp_path: Path, url: str) -> None:
    """Net is gross less fees plus funding, exactly, whenever the funding comes in."""
    exchange = ExchangeLists()
    round_trip(exchange)
    async with history(exchange, tmp_path, url) as h:
        await caught_up(h, exchange, url)
        exchange.settle("-0.0123", 1.5)
        exchange.settle("-5", 30)
        await h.until(lambda: run(url, "SELECT count(*) FROM funding") == [(2,)])
        (trade,) = await h.call("database.trades")
    assert (trade["position_id"], trade["closed_because"]) == ("BTCUSDT-1", "take_profit")
    figures = {name: Decimal(trade[name]) for name in ("gross_pnl", "fees", "funding", "net_pnl", "exit_price")}
    assert figures == {
        "gross_pnl": Decimal(10), "fees": Decimal("0.10"), "funding": Decimal("-0.0123"),
        "net_pnl": Decimal("9.8877"), "exit_price": Decimal(110),
    }  # fmt: skip


async def test_many_pages_and_restarts_book_each_fill_once(tmp_path: Path, url: str) -> None:
    """Pages are gone through to the end, and a restart goes on where the last one ended."""
    exchange = ExchangeLists()
    for _ in range(5):
        round_trip(exchange)
    async with history(exchange, tmp_path, url) as h:
        await caught_up(h, exchange, url)
        round_trip(exchange)
        exchange.trade(Side.SHORT, "2")
        await caught_up(h, exchange, url)
        await h.restart("database")
        await h.ready("database")
        round_trip(exchange)
        await caught_up(h, exchange, url)
        assert len(await h.call("database.trades")) == 6
    assert run(url, "SELECT id, side, quantity FROM positions WHERE closed_because IS NULL") == [
        ("BTCUSDT-13", "short", "2")
    ]


async def test_a_turned_position_is_two_trades(tmp_path: Path, url: str) -> None:
    """One fill that closes and opens ends the first with its reason and begins the second."""
    exchange = ExchangeLists()
    exchange.trade(Side.LONG, "1")
    exchange.trade(Side.SHORT, "3", because="unknown")
    exchange.trade(Side.LONG, "2", because="stop")
    async with history(exchange, tmp_path, url) as h:
        await caught_up(h, exchange, url)
        trades = await h.call("database.trades")
    assert {trade["position_id"]: trade["closed_because"] for trade in trades} == {
        "BTCUSDT-1": "unknown", "BTCUSDT-2": "stop",
    }  # fmt: skip


async def test_what_a_gap_lost_is_fetched(tmp_path: Path, url: str) -> None:
    """A hole in the numbers, or another exchange.db with numbers of its own, is filled from the beginning."""
    exchange = ExchangeLists()
    round_trip(exchange)
    lost = exchange.lines.pop(0)
    async with history(exchange, tmp_path, url) as h:
        await caught_up(h, exchange, url)
        exchange.lines.insert(0, lost)
        await caught_up(h, exchange, url)
        exchange.ledger = "b"
        round_trip(exchange)
        for number, line in enumerate(exchange.lines):
            line["sequence"] = number + 1
        await caught_up(h, exchange, url)
        trades = await h.call("database.trades")
    assert [trade["position_id"] for trade in trades] == ["BTCUSDT-3", "BTCUSDT-1"]


async def test_an_absent_exchange_is_waited_for(tmp_path: Path) -> None:
    """The history is ready without the exchange, says that it knows nothing, and catches up when it is there."""
    exchange = ExchangeLists(away=True)
    round_trip(exchange)
    async with history(exchange, tmp_path) as h:
        assert (await h.health("database")).status == "unknown"
        exchange.away = False
        await caught_up(h, exchange)
        await h.until(lambda: h.progress("database").get("caught_up", 0) > 0)
        assert (await h.health("database")).status == "healthy"


async def test_a_damaged_history_is_kept_and_rebuilt(tmp_path: Path) -> None:
    """The file is set aside, a finding and a note say so, and the fills come back from the exchange."""
    exchange = ExchangeLists()
    round_trip(exchange)
    (tmp_path / "quantum.db").write_bytes(b"\xff" * 50_000)
    async with history(exchange, tmp_path) as h:
        await caught_up(h, exchange)
        assert "QT-DATABASE-REBUILT" in h.findings
        assert len(list(tmp_path.glob("quantum.db.damaged-*"))) == 1
        assert len(await h.call("database.trades")) == 1
    assert "damaged file kept" in run(in_home(tmp_path), "SELECT text FROM notes WHERE name = 'rebuilt'")[0][0]


async def test_equity_is_recorded_at_its_pace(tmp_path: Path, url: str) -> None:
    """One row per period however many accounts are told."""
    amounts = {"wallet_balance": "10000.10", "equity": "10001", "available": "9000", "unrealised_pnl": "0.9"}
    told = {name: Decimal(text) for name, text in amounts.items()}
    async with history(ExchangeLists(), tmp_path, url, equity_every_s=10) as h:
        for period in range(3):
            for second in range(5):
                at = NOW + timedelta(seconds=10 * period + second)
                await h.publish(Account(**told, positions=1, open_orders=2, reconciled_at=at, at=at))
            await h.until(lambda n=period: run(url, "SELECT count(*) FROM equity") == [(n + 1,)])
            await h.advance(10)
    assert run(url, "SELECT wallet_balance FROM equity LIMIT 1") == [("10000.10",)]


async def test_stored_round_trips_are_never_trusted(tmp_path: Path, url: str) -> None:
    """What somebody changed in positions and trades is mended from the fills at the next start; reasons are kept."""
    exchange = ExchangeLists()
    round_trip(exchange)
    async with history(exchange, tmp_path, url) as h:
        await caught_up(h, exchange, url)
        await h.stop()
        run(url, "UPDATE positions SET quantity = '7', gross_pnl = '1'")
        run(url, "DELETE FROM trades")
        await h.restart("database")
        await h.ready("database")
        (trade,) = await h.call("database.trades")
    assert (trade["gross_pnl"], trade["closed_because"]) == ("10", ExitReason.TAKE_PROFIT)
    assert run(url, "SELECT quantity, gross_pnl FROM positions") == [("0", "10")]
