"""Venue, exchange.db and the history hold the same figures, to the last digit."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.database import DatabasePlugin
from qtcore.testing import Harness, Plug

pytestmark = pytest.mark.anyio


FUNDING = "SELECT amount FROM funding"


def rows(file: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as db:
        return db.execute(query).fetchall()


async def _trade(door: Harness, venue: Any, number: int, symbol: str, quantity: str) -> None:
    side, away = (("long", "0.97"), ("short", "1.03"))[number % 2]
    trigger = (venue.mark(symbol) * Decimal(away)).quantize(Decimal("0.1" if symbol == "BTCUSDT" else "0.01"))
    wish = {
        "signal_id": f"s{number}",
        "symbol": symbol,
        "side": side,
        "quantity": quantity,
        "notional": "1000",
        "stop_trigger": str(trigger),
    }
    entered = await door.call("exchange.enter", wish)
    assert entered["code"] == "filled", entered
    venue.advance(3)
    if number < 5:
        await door.call("exchange.close", {"symbol": symbol, "reason": "neutral_signal"})


async def test_three_ledgers_agree_to_the_cent(door: Harness, venue: Any) -> None:
    """After some trading, funding included, raw REST and plain sqlite3 find no difference."""
    home = door.home
    door.start(Plug(DatabasePlugin, "database", settings={"pull_s": 0.05}))
    await door.ready("database")
    for number in range(1, 6):
        await _trade(door, venue, number, "BTCUSDT" if number % 2 else "ETHUSDT", "0.012" if number % 2 else "0.2")
    venue.advance(8 * 60)  # across a funding settlement
    await door.call("exchange.reconcile")
    trades = {(t["symbol"], str(t["id"])): t for symbol in ("BTCUSDT", "ETHUSDT") for t in venue.trades(symbol)}
    await door.until(lambda: rows(home / "quantum.db", "SELECT count(*) FROM fills") == [(len(trades),)])
    query = "SELECT symbol, venue_trade_id, price, quantity, fee, realised_pnl FROM fills"
    expected = {
        key: tuple(Decimal(trade[name]) for name in ("price", "qty", "commission", "realizedPnl"))
        for key, trade in trades.items()
    }
    for file in ("exchange.db", "quantum.db"):
        booked = {(row[0], row[1]): tuple(map(Decimal, row[2:])) for row in rows(home / file, query)}
        assert booked == expected, file
    income = venue.signed("GET", "/fapi/v1/income", limit=1000)
    funding = sum((Decimal(i["income"]) for i in income if i["incomeType"] == "FUNDING_FEE"), Decimal(0))
    assert funding
    for file, query in (
        ("exchange.db", "SELECT amount FROM income WHERE kind = 'FUNDING_FEE'"),
        ("quantum.db", FUNDING),
    ):
        await door.until(
            lambda f=file, q=query: funding == sum((Decimal(row[0]) for row in rows(home / f, q)), Decimal(0))
        )
    wallet = Decimal(venue.signed("GET", "/fapi/v3/account")["totalWalletBalance"])
    gross_fees = [tuple(map(Decimal, row)) for row in rows(home / "quantum.db", "SELECT realised_pnl, fee FROM fills")]
    assert wallet == 10_000 + sum(pnl - fee for pnl, fee in gross_fees) + funding
    caught_up = door.progress("database")["caught_up"]
    await door.until(lambda: door.progress("database")["caught_up"] > caught_up)
    assert (await door.health("database")).facts["behind"] == 0
