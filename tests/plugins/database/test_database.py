"""The history follows the exchange: once each, nothing missed, mended when damaged."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.domain import Account, ExitReason, Side

pytestmark = pytest.mark.anyio


async def test_a_closed_round_trip_becomes_a_trade(made: Any, tmp_path: Path, url: str) -> None:
    """Net is gross less fees plus funding, exactly, whenever the funding comes in."""
    exchange = made.ExchangeLists()
    made.round_trip(exchange)
    async with made.history(exchange, tmp_path, url) as h:
        await made.caught_up(h, exchange, url)
        exchange.settle("-0.0123", 1.5)
        exchange.settle("-5", 30)
        await made.shows(url, "SELECT count(*) FROM funding", [(2,)])
        (trade,) = await h.call("database.trades")
    assert (trade["position_id"], trade["closed_because"]) == ("BTCUSDT-1", "take_profit")
    figures = {name: Decimal(trade[name]) for name in ("gross_pnl", "fees", "funding", "net_pnl", "exit_price")}
    assert figures == {
        "gross_pnl": Decimal(10), "fees": Decimal("0.10"), "funding": Decimal("-0.0123"),
        "net_pnl": Decimal("9.8877"), "exit_price": Decimal(110),
    }  # fmt: skip


async def test_many_pages_and_restarts_book_each_fill_once(made: Any, tmp_path: Path, url: str) -> None:
    """Pages are gone through to the end, and a restart goes on where the last one ended."""
    exchange = made.ExchangeLists()
    for _ in range(5):
        made.round_trip(exchange)
    async with made.history(exchange, tmp_path, url) as h:
        await made.caught_up(h, exchange, url)
        made.round_trip(exchange)
        exchange.trade(Side.SHORT, "2")
        await made.caught_up(h, exchange, url)
        await h.restart("database")
        await h.ready("database")
        made.round_trip(exchange)
        await made.caught_up(h, exchange, url)
        assert len(await h.call("database.trades")) == 6
    assert made.run(url, "SELECT id, side, quantity FROM positions WHERE closed_because IS NULL") == [
        ("BTCUSDT-13", "short", "2")
    ]


async def test_a_turned_position_is_two_trades(made: Any, tmp_path: Path, url: str) -> None:
    """One fill that closes and opens ends the first with its reason and begins the second."""
    exchange = made.ExchangeLists()
    exchange.trade(Side.LONG, "1")
    exchange.trade(Side.SHORT, "3", because="unknown")
    exchange.trade(Side.LONG, "2", because="stop")
    async with made.history(exchange, tmp_path, url) as h:
        await made.caught_up(h, exchange, url)
        trades = await h.call("database.trades")
    assert {trade["position_id"]: trade["closed_because"] for trade in trades} == {
        "BTCUSDT-1": "unknown", "BTCUSDT-2": "stop",
    }  # fmt: skip


async def test_what_a_gap_lost_is_fetched(made: Any, tmp_path: Path, url: str) -> None:
    """A hole in the numbers, or another exchange.db with numbers of its own, is filled from the beginning."""
    exchange = made.ExchangeLists()
    made.round_trip(exchange)
    lost = exchange.lines.pop(0)
    async with made.history(exchange, tmp_path, url) as h:
        await made.caught_up(h, exchange, url)
        exchange.lines.insert(0, lost)
        await made.caught_up(h, exchange, url)
        exchange.ledger = "b"
        made.round_trip(exchange)
        for number, line in enumerate(exchange.lines):
            line["sequence"] = number + 1
        await made.caught_up(h, exchange, url)
        trades = await h.call("database.trades")
    assert [trade["position_id"] for trade in trades] == ["BTCUSDT-3", "BTCUSDT-1"]


async def test_an_absent_exchange_is_waited_for(made: Any, tmp_path: Path) -> None:
    """The history is ready without the exchange, says that it knows nothing, and catches up when it is there."""
    exchange = made.ExchangeLists(away=True)
    made.round_trip(exchange)
    async with made.history(exchange, tmp_path) as h:
        assert (await h.health("database")).status == "unknown"
        exchange.away = False
        await made.caught_up(h, exchange)
        await h.until(lambda: h.progress("database").get("caught_up", 0) > 0)
        assert (await h.health("database")).status == "healthy"


async def test_a_damaged_history_is_kept_and_rebuilt(made: Any, tmp_path: Path) -> None:
    """The file is set aside, a finding and a note say so, and the fills come back from the exchange."""
    exchange = made.ExchangeLists()
    made.round_trip(exchange)
    (tmp_path / "quantum.db").write_bytes(b"\xff" * 50_000)
    async with made.history(exchange, tmp_path) as h:
        await made.caught_up(h, exchange)
        assert "QT-DATABASE-REBUILT" in h.findings
        assert len(list(tmp_path.glob("quantum.db.damaged-*"))) == 1
        assert len(await h.call("database.trades")) == 1
    ((note,),) = made.run(made.in_home(tmp_path), "SELECT text FROM notes WHERE name = 'rebuilt'")
    assert "quantum.db.damaged-" in note


async def test_equity_is_recorded_at_its_pace(made: Any, tmp_path: Path, url: str) -> None:
    """One row per period however many accounts are told."""
    amounts = {"wallet_balance": "10000.10", "equity": "10001", "available": "9000", "unrealised_pnl": "0.9"}
    told = {name: Decimal(text) for name, text in amounts.items()}
    async with made.history(made.ExchangeLists(), tmp_path, url, equity_every_s=10) as h:
        for period in range(3):
            for second in range(5):
                at = made.NOW + timedelta(seconds=10 * period + second)
                await h.publish(Account(**told, positions=1, open_orders=2, reconciled_at=at, at=at))
            await made.shows(url, "SELECT count(*) FROM equity", [(period + 1,)])
            await h.advance(10)
    assert made.run(url, "SELECT wallet_balance FROM equity LIMIT 1") == [("10000.10",)]


async def test_equity_bounds_prove_where_the_day_began(made: Any, tmp_path: Path, url: str) -> None:
    """The first equity since a market time and the highest ever, by number and not by text; nothing where none is."""
    async with made.history(made.ExchangeLists(), tmp_path, url, equity_every_s=1) as h:
        h.set_market(made.NOW)
        for number, equity in enumerate(["9000", "10200", "999"]):
            told = dict.fromkeys(("wallet_balance", "equity", "available", "unrealised_pnl"), Decimal(equity))
            at = made.NOW + timedelta(seconds=10 * number)
            await h.publish(Account(**told, positions=1, open_orders=2, reconciled_at=at, at=at))
            await made.shows(url, "SELECT count(*) FROM equity", [(number + 1,)])
            await h.advance(10)
        found = await h.call("database.equity_bounds", {"since": (made.NOW + timedelta(seconds=15)).isoformat()})
        assert {name: found[name] and Decimal(found[name]) for name in ("first", "highest")} == {
            "first": Decimal(999),
            "highest": Decimal(10200),
        }
        later = (made.NOW + timedelta(days=1)).isoformat()
        assert (await h.call("database.equity_bounds", {"since": later}))["first"] is None


async def test_stored_round_trips_are_never_trusted(made: Any, tmp_path: Path, url: str) -> None:
    """What somebody changed in positions and trades is mended from the fills at the next start; reasons are kept."""
    exchange = made.ExchangeLists()
    made.round_trip(exchange)
    async with made.history(exchange, tmp_path, url) as h:
        await made.caught_up(h, exchange, url)
        await h.stop()
        made.run(url, "UPDATE positions SET quantity = '7', gross_pnl = '1'")
        made.run(url, "DELETE FROM trades")
        await h.restart("database")
        await h.ready("database")
        (trade,) = await h.call("database.trades")
    assert (trade["gross_pnl"], trade["closed_because"]) == ("10", ExitReason.TAKE_PROFIT)
    assert made.run(url, "SELECT quantity, gross_pnl FROM positions") == [("0", "10")]


GHOST = (
    "INSERT INTO positions (id, symbol, side, quantity, entered, entry_price, gross_pnl, fees, fills, first_order_id,"
    " last_order_id, opened_at, opened_market_at, updated_at, updated_market_at) VALUES ('ghost', 'ETHUSDT', 'long',"
    " '1', '1', '100', '0', '0', 1, '0', '0', {at}, {at}, {at}, {at})"
)
POISON = (
    "INSERT INTO signals (id, symbol, view, confidence, source, price, made_at, market_at, expires_at, features)"
    " VALUES ('poison', 'ETHUSDT', 'skip', '0', 'SKIP', '1', {at}, {at}, {at}, '{{}}')"
)


async def test_rebuilding_puts_away_what_did_not_happen(made: Any, tmp_path: Path, url: str) -> None:
    """A position without a fill and a signal that is none leave their tables for a file; a turned side is mended."""
    exchange = made.ExchangeLists()
    made.round_trip(exchange)
    exchange.trade(Side.SHORT, "2")
    async with made.history(exchange, tmp_path, url) as h:
        await made.caught_up(h, exchange, url)
        for statement in (GHOST, POISON):
            made.run(url, statement.format(at="'2025-03-01 12:00:00.000000'"))
        made.run(url, "UPDATE positions SET side = 'long' WHERE id <> 'ghost'")
        assert await h.call("database.rebuild") == 3
        kept = (h.home / "data" / "database" / "put_away.jsonl").read_text().splitlines()
    assert [(row["table"], row["id"]) for row in map(json.loads, kept)] == [
        ("positions", "ghost"), ("signals", "poison"),
    ]  # fmt: skip
    assert made.run(url, "SELECT count(*) FROM signals") == [(0,)]
    assert made.run(url, "SELECT side FROM positions WHERE closed_because IS NULL") == [("short",)]


async def test_nothing_is_put_away_while_the_exchange_does_not_answer(made: Any, tmp_path: Path) -> None:
    """What it has not said yet may support a row."""
    url = made.in_home(tmp_path)
    exchange = made.ExchangeLists()
    made.round_trip(exchange)
    async with made.history(exchange, tmp_path, url) as h:
        await made.caught_up(h, exchange, url)
        made.run(url, GHOST.format(at="'2025-03-01 12:00:00.000000'"))
        exchange.away = True
        await h.call("database.rebuild")
    assert made.run(url, "SELECT id FROM positions WHERE id = 'ghost'") == [("ghost",)]
