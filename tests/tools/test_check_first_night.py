"""The acceptance check passes books that agree and names what does not."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import create_engine

from plugins.exchange.ledger_schema import SCHEMA
from plugins.store.tables import Base

SCRIPT = Path(__file__).parents[2] / "tools" / "check_first_night.py"

Row = dict[str, Any]

STOP: Row = {"orderType": "STOP_MARKET", "side": "SELL", "algoStatus": "NEW"}
STOP |= {"closePosition": True, "reduceOnly": True, "quantity": "0"}
DAY, LATER = "2025-05-05 00:00:00.000000", "2025-05-05 01:00:00.000000"


def fill(symbol: str, number: str, client: str, side: str, position: str, **amounts: str) -> Row:
    """A row of `fills`, whose columns both files have."""
    names = {"symbol": symbol, "venue_trade_id": number, "venue_order_id": f"1{number}", "client_order_id": client}
    rest = {"side": side, "fee_asset": "USDT", "maker": 0, "at": DAY, "market_at": DAY, "position_id": position}
    return names | rest | amounts


FILLS = (
    fill("BTCUSDT", "1", "A", "long", "B-1", quantity="0.002", price="100000", fee="0.1", realised_pnl="0"),
    fill("ETHUSDT", "2", "B", "long", "E-2", quantity="0.5", price="2000", fee="0.5", realised_pnl="0"),
    fill("BTCUSDT", "3", "C", "short", "B-1", quantity="0.002", price="101000", fee="0.101", realised_pnl="2"),
)
ROUND: Row = {"side": "long", "entry_price": "2000", "opened_at": DAY, "opened_market_at": DAY}
LIVING = ROUND | {"updated_at": DAY, "updated_market_at": DAY, "first_order_id": "1", "last_order_id": "3"}
OPEN = {"gross_pnl": "0", "fees": "0.5", "fills": 1}
CLOSED = {"gross_pnl": "2", "fees": "0.201", "fills": 2, "exit_price": "101000", "closed_because": "stop"}
TRADE = {"funding": "0", "net_pnl": "1.799", "closed_at": DAY, "closed_market_at": LATER}
SIGNAL: Row = {"symbol": "BTCUSDT", "view": "long", "confidence": "0.6", "source": "rsi_rule", "price": "1"}
SIGNAL |= {"features": "{}", "made_at": DAY, "market_at": DAY, "expires_at": DAY}

QUANTUM: tuple[tuple[str, Row], ...] = (
    *(("fills", row) for row in FILLS),
    ("positions", LIVING | OPEN | {"id": "E-2", "symbol": "ETHUSDT", "quantity": "0.5", "entered": "0.5"}),
    ("positions", LIVING | CLOSED | {"id": "B-1", "symbol": "BTCUSDT", "quantity": "0", "entered": "0.002"}),
    ("trades", ROUND | CLOSED | TRADE | {"position_id": "B-1", "symbol": "BTCUSDT", "quantity": "0.002"}),
    ("funding", {"transaction_id": "5", "symbol": "ETHUSDT", "amount": "-0.019", "asset": "USDT", "market_at": LATER}),
    ("signals", SIGNAL | {"id": "s1", "outcome_code": "filled", "intent_id": "A"}),
    ("signals", SIGNAL | {"id": "s2", "outcome_code": "filled", "intent_id": "B"}),
    ("signals", SIGNAL | {"id": "s3", "outcome_code": "blocked_confidence"}),
)
INTENT: Row = {"side": "long", "book": "plain", "reduce_only": 0, "close_position": 0, "reason": "", "attempts": 1}
INTENT |= {"created_at": DAY, "updated_at": DAY, "recv_window_ms": 2000, "sentence": "", "state": "filled"}


def intent(row: Row, purpose: str, signal: str | None) -> Row:
    known = {"id": row["client_order_id"], "symbol": row["symbol"], "quantity": row["quantity"], "signal_id": signal}
    return INTENT | known | {"filled_quantity": row["quantity"], "purpose": purpose}


EXCHANGE: tuple[tuple[str, Row], ...] = (
    *(("fills", row | {"quantity_after": "0"}) for row in FILLS),
    ("intents", intent(FILLS[0], "entry", "s1")),
    ("intents", intent(FILLS[1], "entry", "s2")),
    ("intents", intent(FILLS[2], "exit", None)),
    (
        "income",
        {"kind": "FUNDING_FEE", "transaction_id": "5", "symbol": "ETHUSDT", "amount": "-0.019"}
        | {"asset": "USDT", "market_at": LATER},
    ),
)
INCOMES = (
    *(("COMMISSION", f"-{row['fee']}", row["symbol"]) for row in FILLS),
    ("REALIZED_PNL", "2", "BTCUSDT"),
    ("FUNDING_FEE", "-0.019", "ETHUSDT"),
)


def insert(connection: sqlite3.Connection, table: str, row: Row) -> None:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))  # noqa: S608 - constants


class World:
    """What a venue and two files say of one closed round trip in BTCUSDT and an open position in ETHUSDT."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.positions = {"BTCUSDT": "0.000", "ETHUSDT": "0.5"}
        self.stops: dict[str, list[Row]] = {"ETHUSDT": [dict(STOP)]}
        self.wallet = "10001.2800"
        self.incomes = [
            {"incomeType": kind, "income": amount, "symbol": symbol, "tranId": number, "time": number}
            for number, (kind, amount, symbol) in enumerate(INCOMES, start=1)
        ]

    def answer(self, path: str, symbol: str) -> Any:
        match path.rpartition("/")[2]:
            case "userTrades":
                return [self.trade(row) for row in FILLS if row["symbol"] == symbol]
            case "income":
                return self.incomes
            case "positionRisk":
                return [{"symbol": name, "positionAmt": amount} for name, amount in self.positions.items()]
            case "balance":
                return [{"asset": "USDT", "balance": self.wallet}]
            case "openAlgoOrders":
                return self.stops.get(symbol, [])
            case other:
                raise AssertionError(other)

    @staticmethod
    def trade(row: Row) -> Row:
        numbers = {"id": int(row["venue_trade_id"]), "orderId": int(row["venue_order_id"])}
        amounts = {"qty": row["quantity"], "price": row["price"], "commission": row["fee"]}
        side = "BUY" if row["side"] == "long" else "SELL"
        return numbers | amounts | {"side": side, "realizedPnl": row["realised_pnl"]}

    def write_files(self) -> None:
        engine = create_engine(f"sqlite:///{self.home / 'quantum.db'}")
        Base.metadata.create_all(engine)
        engine.dispose()
        with closing(sqlite3.connect(self.home / "quantum.db")) as database, database:
            for table, row in QUANTUM:
                insert(database, table, row)
        with closing(sqlite3.connect(self.home / "exchange.db")) as exchange, exchange:
            exchange.executescript(SCHEMA)
            for table, row in EXCHANGE:
                insert(exchange, table, row)

    def change(self, file: str, statement: str) -> None:
        with closing(sqlite3.connect(self.home / file)) as connection, connection:
            connection.execute(statement)


class _Handler(BaseHTTPRequestHandler):
    world: ClassVar[World]

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        symbol = parse_qs(asked.query).get("symbol", [""])[0]
        body = json.dumps(self.world.answer(asked.path, symbol)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Keep the test's output clean."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write_files()
    return made


@pytest.fixture
def origin(world: World) -> Iterator[str]:
    """The address at which the world's venue answers."""
    handler = type("Handler", (_Handler,), {"world": world})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def judged(world: World, origin: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--venue", origin, "--home", str(world.home), "--patience", "0", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_books_that_agree_pass(world: World, origin: str) -> None:
    """Matching books, covered positions and enough orders give exit code 0."""
    verdict = judged(world, origin, "--watch", "0.1", "--least-orders", "3", "--least-symbols", "2")
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert "FAIL" not in verdict.stdout


def failing(verdict: subprocess.CompletedProcess[str]) -> str:
    assert verdict.returncode == 1, verdict.stdout + verdict.stderr
    return "\n".join(line for line in verdict.stdout.splitlines() if line.startswith("FAIL"))


@pytest.mark.parametrize(
    "stop",
    [
        None,
        STOP | {"side": "BUY"},
        STOP | {"algoStatus": "TRIGGERED"},
        STOP | {"orderType": "TAKE_PROFIT_MARKET"},
        STOP | {"closePosition": False, "quantity": "0.4"},
        STOP | {"closePosition": False, "reduceOnly": False, "quantity": "0.5"},
    ],
)
def test_position_without_a_full_live_stop_is_named(world: World, origin: str, stop: Row | None) -> None:
    """No stop, one on the wrong side, one no longer live, a take-profit or too small a stop leave a position bare."""
    world.stops["ETHUSDT"] = [stop] if stop else []
    assert "bare: ['ETHUSDT" in failing(judged(world, origin, "--watch", "0.1"))


@pytest.mark.parametrize(
    ("file", "statement", "told"),
    [
        ("exchange.db", "DELETE FROM fills WHERE venue_trade_id = '2'", "fills: venue = exchange.db"),
        ("quantum.db", "DELETE FROM fills WHERE venue_trade_id = '2'", "fills: venue = database"),
        ("quantum.db", "UPDATE fills SET fee = '0.5001' WHERE venue_trade_id = '2'", "fills: venue = database"),
        ("quantum.db", "UPDATE positions SET quantity = '0.4' WHERE symbol = 'ETHUSDT'", "positions: venue = database"),
        ("quantum.db", "UPDATE trades SET net_pnl = '2'", "trades = sums of their fills"),
        ("quantum.db", "UPDATE trades SET gross_pnl = '3'", "trades: gross profit"),
        ("quantum.db", "DELETE FROM funding", "income: funding = database"),
        ("quantum.db", "UPDATE signals SET outcome_code = NULL WHERE id = 's3'", "signals: one coded outcome each"),
        ("exchange.db", "DELETE FROM intents", "signals: each filled one"),
        ("exchange.db", "DELETE FROM income", "income: funding = exchange.db"),
        ("exchange.db", "UPDATE intents SET state = 'unknown' WHERE id = 'A'", "intents: none of unknown outcome"),
        ("exchange.db", "UPDATE intents SET filled_quantity = '1' WHERE id = 'A'", "intents: filled quantity"),
        ("exchange.db", "UPDATE intents SET signal_id = 's1' WHERE id = 'B'", "intents: one filled entry per signal"),
    ],
)
def test_difference_between_books_is_named(world: World, origin: str, file: str, statement: str, told: str) -> None:
    """A book that lost, changed or invented something fails on its own line."""
    world.change(file, statement)
    assert told in failing(judged(world, origin))


def test_wallet_that_does_not_add_up_is_named(world: World, origin: str) -> None:
    """The wallet is the start balance and all income, to the cent."""
    world.wallet = "10001.30"
    assert "wallet = start balance + income" in failing(judged(world, origin))


def test_position_that_trades_do_not_explain_is_named(world: World, origin: str) -> None:
    """A position is the sum of its trades."""
    world.positions["BTCUSDT"] = "0.001"
    assert "positions: venue = sum of its trades" in failing(judged(world, origin))


def test_too_few_orders_are_named(world: World, origin: str) -> None:
    """Fewer orders or symbols than asked for fail."""
    assert "counts" in failing(judged(world, origin, "--least-orders", "4"))


def test_missing_book_is_no_verdict(world: World, origin: str) -> None:
    """A file that is not there gives exit code 2 and its name, never a pass."""
    (world.home / "exchange.db").unlink()
    verdict = judged(world, origin)
    assert verdict.returncode == 2
    assert "exchange.db is not there" in verdict.stderr
