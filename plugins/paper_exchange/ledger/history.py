"""Questions about the past that the ledger answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from plugins.paper_exchange.core.orders import Algo, Fill, Income, Order
from plugins.paper_exchange.ledger.ledger import ALGOS, FILLS, INCOMES, ORDERS, Ledger
from plugins.paper_exchange.ledger.rows import Cell, Rows

RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which part of the past: `from_id` counts up from an id; without it the newest `limit` rows are meant."""

    limit: int
    from_id: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None


class History:
    """Reads `venue.db`; rows come oldest first, as the venue sends them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def order(self, symbol: str, order_id: int) -> Order | None:
        return self._one(ORDERS, "symbol = ? AND order_id = ?", (symbol, order_id))

    def order_of_client(self, symbol: str, client_id: str) -> Order | None:
        """The newest order with this client id: ids may be used again once an order is closed."""
        where = "symbol = ? AND client_id = ? ORDER BY order_id DESC LIMIT 1"
        return self._one(ORDERS, where, (symbol, client_id))

    def orders(self, symbol: str, window: Window) -> list[Order]:
        return self._many(ORDERS, "created_ms", window, {"symbol": symbol})

    def forced_orders(self, symbol: str | None, prefix: str, window: Window) -> list[Order]:
        """Orders that the venue made itself, by how their client ids begin."""
        return self._many(ORDERS, "created_ms", window, {"symbol": symbol}, {"client_id GLOB ?": f"{prefix}*"})

    def algo(self, algo_id: int) -> Algo | None:
        return self._one(ALGOS, "algo_id = ?", (algo_id,))

    def algo_of_client(self, client_id: str) -> Algo | None:
        return self._one(ALGOS, "client_id = ? ORDER BY algo_id DESC LIMIT 1", (client_id,))

    def algos(self, symbol: str, window: Window) -> list[Algo]:
        return self._many(ALGOS, "created_ms", window, {"symbol": symbol})

    def fills(self, symbol: str | None, window: Window, order_id: int | None = None) -> list[Fill]:
        return self._many(FILLS, "at_ms", window, {"symbol": symbol, "order_id": order_id})

    def incomes(self, symbol: str | None, kind: str | None, window: Window) -> list[Income]:
        return self._many(INCOMES, "at_ms", window, {"symbol": symbol, "type": kind})

    def _one(self, rows: Rows[RecordT], where: str, values: tuple[Cell, ...]) -> RecordT | None:
        row = self._ledger.connection.execute(f"{rows.select} WHERE {where}", values).fetchone()
        return None if row is None else rows.decode(row)

    def _many(
        self,
        rows: Rows[RecordT],
        time: str,
        window: Window,
        equal: dict[str, Cell],
        more: dict[str, Cell] | None = None,
    ) -> list[RecordT]:
        key = rows.columns[0]
        tests = {f"{column} = ?": value for column, value in equal.items()} | (more or {})
        tests |= {f"{key} >= ?": window.from_id, f"{time} >= ?": window.start_ms, f"{time} <= ?": window.end_ms}
        given = {test: value for test, value in tests.items() if value is not None}
        oldest_first = window.from_id is not None or window.start_ms is not None
        where = f"WHERE {' AND '.join(given)}" if given else ""
        order = f"ORDER BY {key} {'ASC' if oldest_first else 'DESC'} LIMIT ?"
        cells = self._ledger.connection.execute(f"{rows.select} {where} {order}", (*given.values(), window.limit))
        found = [rows.decode(row) for row in cells]
        return found if oldest_first else found[::-1]
