"""exchange.db read from outside: plain SQL and code of its own, because it is the exchange that is audited.

Each look is one short read transaction in WAL: it waits for nobody, and nobody waits for it.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from plugins.auditor.view import Booked, LedgerTruth, Ordered
from plugins.domain import IntentState, Purpose, Side
from qtcore import QtError

FILE_NAME = "exchange.db"
BUSY_S = 0.2
NEWEST = 120
"""Orders and fills looked at: some hours of trading."""

_ORDERS = """
SELECT i.*, (SELECT max(a.at) FROM attempts a WHERE a.intent_id = i.id) AS sent_at
FROM intents i ORDER BY i.created_at DESC LIMIT ?
"""
_FILLS = "SELECT * FROM fills ORDER BY sequence DESC LIMIT ?"
_LAST = """
SELECT symbol, quantity_after, at FROM fills
WHERE sequence IN (SELECT max(sequence) FROM fills GROUP BY symbol)
"""


class Unreadable(QtError):
    """exchange.db cannot be read now, or holds what nobody understands."""


class LedgerFile:
    """exchange.db, open for reading only; used by one look at a time, from whichever thread that runs in."""

    def __init__(self, home: Path) -> None:
        self._file = home / FILE_NAME
        self._db: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._version: int | None = None
        self._known: LedgerTruth | None = None

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
        self._db = self._known = self._version = None

    def read(self) -> LedgerTruth:
        """The newest of it; what nobody has written to since the last look is not read again. Raises Unreadable."""
        try:
            db = self._opened()
            version = int(db.execute("PRAGMA data_version").fetchone()[0])
            if self._known is None or version != self._version:
                self._known, self._version = _read(db), version
        except FileNotFoundError as error:
            self.close()
            raise Unreadable(f"there is no {FILE_NAME} yet") from error
        except (sqlite3.Error, OSError, ValueError, ArithmeticError) as error:
            self.close()
            raise Unreadable(f"{FILE_NAME} cannot be read: {error}") from error
        return self._known

    def _opened(self) -> sqlite3.Connection:
        """The connection; a new one when another file bears the name now."""
        found = self._file.stat()
        identity = (found.st_dev, found.st_ino)
        if self._db is None or identity != self._identity:
            self.close()
            uri = f"file:{self._file}?mode=ro"
            self._db = sqlite3.connect(
                uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=8
            )
            self._db.row_factory = sqlite3.Row
            self._identity = identity
        return self._db


def _read(db: sqlite3.Connection) -> LedgerTruth:
    db.execute("BEGIN")
    try:
        orders = [_order(row) for row in db.execute(_ORDERS, (NEWEST,))]
        fills = [_fill(row) for row in db.execute(_FILLS, (NEWEST,))]
        after = {row["symbol"]: (Decimal(row["quantity_after"]), _at(row["at"])) for row in db.execute(_LAST)}
        count = int(db.execute("SELECT count(*) FROM fills").fetchone()[0])
    finally:
        db.execute("ROLLBACK")
    return LedgerTruth(tuple(reversed(orders)), tuple(reversed(fills)), after, count)


def _order(row: sqlite3.Row) -> Ordered:
    return Ordered(
        id=row["id"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        purpose=Purpose(row["purpose"]),
        quantity=Decimal(row["quantity"]),
        signal_id=row["signal_id"],
        position_id=row["position_id"],
        state=IntentState(row["state"]),
        filled=Decimal(row["filled_quantity"]),
        average_price=None if row["average_price"] is None else Decimal(row["average_price"]),
        code=row["code"],
        sentence=row["sentence"],
        updated_at=_at(row["updated_at"]),
        sent_at=None if row["sent_at"] is None else _at(row["sent_at"]),
    )


def _fill(row: sqlite3.Row) -> Booked:
    return Booked(
        sequence=row["sequence"],
        symbol=row["symbol"],
        client_id=row["client_order_id"],
        side=Side(row["side"]),
        quantity=Decimal(row["quantity"]),
        price=Decimal(row["price"]),
        fee=Decimal(row["fee"]),
        at=_at(row["at"]),
        position_id=row["position_id"],
        after=Decimal(row["quantity_after"]),
        closes=row["closed_because"] is not None,
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
