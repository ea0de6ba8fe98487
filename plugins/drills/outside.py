"""Reads the books as an outsider can: the venue by signed REST, files by sqlite3; knows nothing of what trades."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

PAGE = 1000
TIMEOUT_S = 10.0


class Unreadable(Exception):
    """Something that must be read for a verdict could not be."""


@dataclass(frozen=True)
class Trade:
    """One execution as a book has it; fees are positive when paid."""

    quantity: Decimal
    price: Decimal
    fee: Decimal
    realised: Decimal
    is_buy: bool


TradeKey = tuple[str, str]
Trades = dict[TradeKey, Trade]
Row = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """What the venue says of the account at one moment; `orders` is the order of each trade."""

    trades: Trades
    orders: dict[TradeKey, str]
    incomes: list[Row]
    positions: dict[str, Decimal]
    wallet: Decimal


class Venue:
    """The venue over REST, signed as its documentation says."""

    def __init__(self, origin: str, key: str, secret: str) -> None:
        self._origin = origin.rstrip("/")
        self._key = key
        self._secret = secret

    def signed(self, path: str, *, method: str = "GET", **parameters: object) -> Any:
        """A request with timestamp and HMAC-SHA256 signature."""
        given = {name: value for name, value in parameters.items() if value is not None}
        query = urllib.parse.urlencode(given | {"recvWindow": 5000, "timestamp": time.time_ns() // 1_000_000})
        signature = hmac.new(self._secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        return self._ask(path, f"{query}&signature={signature}", method)

    def _ask(self, path: str, query: str, method: str = "GET") -> Any:
        headers = {"X-MBX-APIKEY": self._key}
        request = urllib.request.Request(f"{self._origin}{path}?{query}", headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read(), parse_float=Decimal)
        except urllib.error.HTTPError as error:
            raise Unreadable(f"the venue refused {path}: {error.code} {error.read().decode()[:200]}") from error
        except (OSError, ValueError) as error:
            raise Unreadable(f"the venue did not answer {path}: {error}") from error

    def account(self) -> Account:
        """Everything, asking only for symbols that have an income or a position: weights are shared with the trader."""
        incomes, positions = self.incomes(), self.positions()
        symbols = sorted({row["symbol"] for row in incomes if row["symbol"]} | positions.keys())
        trades, orders = self.trades(symbols)
        return Account(trades, orders, incomes, positions, self.wallet())

    def positions(self) -> dict[str, Decimal]:
        """Signed quantity of each open position."""
        rows = self.signed("/fapi/v3/positionRisk")
        return {row["symbol"]: amount for row in rows if (amount := Decimal(row["positionAmt"]))}

    def market_ms(self) -> int:
        """Market time: that of the newest mark price (the time that the venue signs requests by is real)."""
        return max(int(row["time"]) for row in self._ask("/fapi/v1/premiumIndex", ""))

    def last_price(self, symbol: str) -> str:
        """The newest mark price."""
        rows = self._ask("/fapi/v1/premiumIndex", urllib.parse.urlencode({"symbol": symbol}))
        return str((rows if isinstance(rows, dict) else rows[0])["markPrice"])

    def candles(self, symbol: str, since_ms: int, limit: int = 3) -> list[list[Any]]:
        """Minute candles from a market time on, the next few."""
        query = urllib.parse.urlencode({"symbol": symbol, "interval": "1m", "startTime": since_ms, "limit": limit})
        return list(self._ask("/fapi/v1/klines", query))

    def executions(self, symbol: str) -> list[Row]:
        """All executions of a symbol as the venue words them."""
        return list(self._pages(symbol))

    def conditional_orders(self, symbol: str) -> list[Row]:
        """Every conditional order of a symbol, whatever became of it."""
        found: dict[int, Row] = {}
        while True:
            after = max(found) if found else 1
            rows = self.signed("/fapi/v1/allAlgoOrders", symbol=symbol, algoId=after, limit=PAGE)
            fresh = {int(row["algoId"]): row for row in rows if int(row["algoId"]) not in found}
            found |= fresh
            if len(rows) < PAGE or not fresh:
                return list(found.values())

    def stops(self, symbol: str) -> list[Row]:
        return list(self.signed("/fapi/v1/openAlgoOrders", symbol=symbol))

    def trades(self, symbols: Iterable[str]) -> tuple[Trades, dict[TradeKey, str]]:
        """All executions of the account, and the order of each."""
        found: Trades = {}
        orders: dict[TradeKey, str] = {}
        for symbol in symbols:
            for row in self._pages(symbol):
                key = (symbol, str(row["id"]))
                fee, realised = Decimal(row["commission"]), Decimal(row["realizedPnl"])
                found[key] = Trade(Decimal(row["qty"]), Decimal(row["price"]), fee, realised, row["side"] == "BUY")
                orders[key] = str(row["orderId"])
        return found, orders

    def _pages(self, symbol: str) -> Iterator[Row]:
        after = 0
        while True:
            rows = self.signed("/fapi/v1/userTrades", symbol=symbol, fromId=after, limit=PAGE)
            yield from rows
            if len(rows) < PAGE:
                return
            after = max(int(row["id"]) for row in rows) + 1

    def incomes(self) -> list[Row]:
        """All income, oldest first."""
        found: dict[tuple[str, str, str], Row] = {}
        since = 1
        while True:
            rows = self.signed("/fapi/v1/income", startTime=since, limit=PAGE)
            fresh = [row for row in rows if (row["incomeType"], row["symbol"], str(row["tranId"])) not in found]
            found |= {(row["incomeType"], row["symbol"], str(row["tranId"])): row for row in fresh}
            if len(rows) < PAGE:
                return list(found.values())
            if not fresh:
                raise Unreadable(f"more than {PAGE} incomes at {since}: they cannot be paged by time")
            since = max(int(row["time"]) for row in rows)

    def wallet(self) -> Decimal:
        rows = self.signed("/fapi/v3/balance")
        return next(Decimal(row["balance"]) for row in rows if row["asset"] == "USDT")


def read_rows(path: Path, table: str) -> list[Row]:
    """All rows of a table in a SQLite file that somebody else may be writing."""
    if not path.is_file():
        raise Unreadable(f"{path} is not there")
    statement = f"SELECT * FROM {table}"  # noqa: S608 - the caller's own constant
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement)]
    except sqlite3.Error as error:
        raise Unreadable(f"{path}, table {table}: {error}") from error
