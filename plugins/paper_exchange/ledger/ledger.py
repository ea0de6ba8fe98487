"""The venue's memory. What it has written survives `kill -9` at any instant; what moves money survives a power cut.

One transaction holds everything that an event changed, the counters, and how far the market has been played: so after
a restart no event is missing, and none is applied twice.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from plugins.paper_exchange.core.account import Account, Price
from plugins.paper_exchange.core.orders import Algo, Fill, Income, Order
from plugins.paper_exchange.core.positions import Position
from plugins.paper_exchange.core.turn import Changes
from plugins.paper_exchange.ledger.disk import Disk
from plugins.paper_exchange.ledger.rows import Rows, plain
from plugins.paper_exchange.ledger.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES
from plugins.paper_exchange.market.source import SymbolRules

ORDERS = Rows(Order, "orders")
ALGOS = Rows(Algo, "algos")
FILLS = Rows(Fill, "fills")
INCOMES = Rows(Income, "incomes")
POSITIONS = Rows(Position, "positions")

BUSY_TIMEOUT_S = 0.05
"""Readers from outside never block a writer in WAL mode. Whoever writes from outside makes requests fail, not wait:
waiting would stop the venue's loop."""


class LedgerError(RuntimeError):
    """The ledger cannot be used; the sentence says which file, why and the cure."""


class LedgerUnavailableError(LedgerError):
    """It cannot be used now, but may soon: somebody else has it, or the disk refuses."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the market has been played: `applied` moments of the bar that opened at `bar_open_ms`."""

    bar_open_ms: int
    applied: int
    market_ms: int


class Ledger:
    """The open `venue.db` of one home folder. Only one process may hold it."""

    def __init__(self, home: Path) -> None:
        """Open or create the ledger. Raises LedgerError."""
        self.path = home / "venue.db"
        self._lock = _claim(home)
        try:
            self.connection = _connect(self.path)
        except BaseException:
            os.close(self._lock)
            raise
        self.disk = Disk(self.path)

    def close(self) -> None:
        self.disk.close()
        self.connection.close()
        os.close(self._lock)

    def cursor(self, market: str) -> Cursor | None:
        """Where the market stands, or None in a new ledger. Raises LedgerError for a ledger of another market."""
        row = self.connection.execute("SELECT market, bar_open_ms, applied, market_ms FROM venue").fetchone()
        if row is None:
            return None
        if row[0] != market:
            raise LedgerError(
                f"the ledger {self.path} was played on another market ({row[0]!r}, now {market!r}): "
                "start with the same market, or with another home folder"
            )
        return Cursor(*row[1:])

    def begin(self, market: str, changes: Changes, account: Account, cursor: Cursor) -> None:
        """Write the first state of a new account, and bind the ledger to its market."""
        with self._transaction() as sql:
            sql.execute("INSERT INTO venue VALUES (1, ?, '0', 0, 0, 0, 0)", (market,))
            self._write(sql, changes, account, cursor)

    def load_account(self, rules: Mapping[str, SymbolRules], leverage: int) -> Account:
        """The account as it was last written; `leverage` is for symbols where none was ever set."""
        sql = self.connection
        wallet, next_id = sql.execute("SELECT wallet, next_id FROM venue").fetchone()
        account = Account.under(rules, wallet=Decimal(wallet), next_id=next_id)
        account.leverage = dict.fromkeys(rules, leverage) | dict(sql.execute("SELECT symbol, leverage FROM leverage"))
        for symbol, last, previous, at_ms in sql.execute("SELECT symbol, last, previous, at_ms FROM prices"):
            account.prices[symbol] = Price(Decimal(last), Decimal(previous), at_ms)
        for row in sql.execute(POSITIONS.select):
            position = POSITIONS.decode(row)
            account.positions[position.symbol] = position
        for row in sql.execute(f"{ORDERS.select} WHERE status IN ('NEW', 'PARTIALLY_FILLED')"):
            account.put_order(ORDERS.decode(row))
        for row in sql.execute(f"{ALGOS.select} WHERE status IN ('NEW', 'TRIGGERING', 'TRIGGERED')"):
            account.put_algo(ALGOS.decode(row))
        return account

    def write(self, changes: Changes, account: Account, cursor: Cursor) -> None:
        """Write what changed, whole or not at all. Raises sqlite3.Error, and then nothing was written.

        This survives the death of the process; `disk.settled()` says when it survives a power cut.
        """
        if self.disk.trouble is not None:
            self.disk.tend()
            raise sqlite3.OperationalError(f"its log cannot be emptied: {self.disk.trouble}")
        with self._transaction() as sql:
            self._write(sql, changes, account, cursor)
        self.disk.tend()

    def listen_keys(self) -> dict[str, int]:
        """Keys of the user stream and when they end (wall clock, ms)."""
        return dict(self.connection.execute("SELECT key, expires_wall_ms FROM listen_keys"))

    def save_listen_keys(self, keys: Mapping[str, int]) -> None:
        with self._transaction() as sql:
            sql.execute("DELETE FROM listen_keys")
            sql.executemany("INSERT INTO listen_keys VALUES (?, ?)", keys.items())

    def _write(self, sql: sqlite3.Connection, changes: Changes, account: Account, cursor: Cursor) -> None:
        sql.executemany(ORDERS.upsert, map(ORDERS.encode, changes.orders.values()))
        sql.executemany(ALGOS.upsert, map(ALGOS.encode, changes.algos.values()))
        sql.executemany(FILLS.insert, map(FILLS.encode, changes.fills))
        sql.executemany(INCOMES.insert, map(INCOMES.encode, changes.incomes))
        sql.executemany(POSITIONS.upsert, map(POSITIONS.encode, changes.positions.values()))
        sql.executemany("INSERT OR REPLACE INTO leverage VALUES (?, ?)", changes.leverage.items())
        sql.executemany("INSERT OR REPLACE INTO prices VALUES (?, ?, ?, ?)", _price_rows(changes))
        sql.execute(
            "UPDATE venue SET wallet = ?, next_id = ?, bar_open_ms = ?, applied = ?, market_ms = ?",
            (plain(account.wallet), account.next_id, cursor.bar_open_ms, cursor.applied, cursor.market_ms),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        sql = self.connection
        sql.execute("BEGIN IMMEDIATE")
        try:
            yield sql
            sql.execute("COMMIT")
        except BaseException:
            if sql.in_transaction:
                sql.execute("ROLLBACK")
            raise


def _claim(home: Path) -> int:
    """Take the home for this process, until it ends however it ends."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(home / "venue.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LedgerUnavailableError(
            f"the home folder {home} cannot be written ({error.strerror}): choose another with --home, or free it"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise LedgerUnavailableError(
            f"another venue (pid {holder}) is using {home}: stop it first, or choose another home with --home"
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _connect(path: Path) -> sqlite3.Connection:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    except (OSError, sqlite3.Error) as error:
        raise LedgerUnavailableError(f"the ledger {path} cannot be opened ({error}): make it writable") from error
    try:
        _prepare(connection, path)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise _unreadable(path, error) from error
        raise
    return connection


def _unreadable(path: Path, error: sqlite3.Error) -> LedgerError:
    if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return LedgerError(
            f"the ledger {path} is damaged ({error}): restore a copy, or move it away and begin with a new account"
        )
    return LedgerUnavailableError(f"the ledger {path} cannot be read ({error}): free its disk or end who locks it")


def _prepare(sql: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file, or check that an old one is ours and of this version."""
    sql.execute("PRAGMA synchronous = NORMAL")
    sql.execute("PRAGMA wal_autocheckpoint = 0")
    (application,) = sql.execute("PRAGMA application_id").fetchone()
    (version,) = sql.execute("PRAGMA user_version").fetchone()
    (tables,) = sql.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables:
        sql.execute("PRAGMA journal_mode = WAL")
        sql.executescript(
            f"BEGIN; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )
    elif application != APPLICATION_ID:
        raise LedgerError(f"{path} is not a venue's ledger but another SQLite file: choose another home with --home")
    elif version != SCHEMA_VERSION:
        raise LedgerError(
            f"the ledger {path} has format {version}, this venue reads {SCHEMA_VERSION}: "
            "use the program that wrote it, or another home folder"
        )


def _price_rows(changes: Changes) -> Iterator[tuple[str, str, str, int]]:
    for symbol, price in changes.prices.items():
        yield symbol, plain(price.last), plain(price.previous), price.at_ms
