"""exchange.db: what we asked of the venue and what it answered, on disk before anything leaves.

What must not be forgotten, an attempt about to be sent, is synced before `put` returns (WAL, synchronous=FULL).
What the venue can be asked again, acks, fills and income, is not: it survives every kill, but a power cut may
cost the last of it, and the next start asks. A synced commit takes 0.2 ms in the middle, 0.4 ms at p99, measured
on this class of machine when idle, so it is written from the loop itself; a thread's hand-over would cost more.
The log has its full size from the start and is copied back beside the loop: no commit makes a file longer or pays for
a checkpoint.

intents   one row per order wanted: the order, its state and what is known of it. `state` as in IntentState,
          `stop_status` for conditional orders only, `filled_quantity` what was really executed.
attempts  one row per request sent, written before it goes out; `sent_ms` is its signed timestamp.
acks      every change of what is known of an intent, in order.
fills     executions as the venue booked them, numbered in the order in which they were booked here.
          `fee` is positive when paid, `realised_pnl` is before fees. `position_id` is the round trip it belongs
          to (the newer one when it turns a position over), `quantity_after` the signed position after it,
          `closed_because` stands where it ended a round trip.
income    wallet changes that are not trades (funding, transfers), numbered likewise.
meta      schema version and cursors.

Amounts are exact decimals in TEXT; `at` columns are ISO 8601 wall time, `market_at` market time.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from plugins.domain import IntentState, Purpose, StopStatus
from plugins.exchange import ledger_rows as rows
from plugins.exchange.ledger_rows import BookedFill, BookedIncome
from plugins.exchange.ledger_schema import SCHEMA, SCHEMA_VERSION
from plugins.exchange.order_path import FINAL, Attempt, Tracked
from plugins.exchange.wire import IncomeView
from qtcore import QtError

FILE_NAME = "exchange.db"
CHECKPOINT_TIMEOUT_S = 5.0
LOG_BYTES, ROOM_BYTES = 4 * 1024 * 1024, 64 * 1024
BUSY_TIMEOUT_S = 0.25
"""Nobody else writes to it; and a longer wait would age a signed request out of its window."""


class LedgerUnusable(QtError):
    """exchange.db cannot be opened as what it should be, and only a person can say what to do."""


class LedgerDamaged(LedgerUnusable):
    """The file is there but is not a sound database; it can be rebuilt from the venue."""


class LedgerOutOfReach(LedgerUnusable):
    """The disk gives or takes no file: full, read-only, or not ours."""


class Ledger:
    """One open exchange.db; used from one thread."""

    def __init__(self, file: Path | None, *, fault: str | None = None) -> None:
        """Open or create `file` (0600); None for one in memory that does not last, while the disk is away.

        `fault` says why it does not last. Raises LedgerDamaged, LedgerOutOfReach, LedgerUnusable.
        """
        self.file = file or Path(":memory:")
        self.fault = fault
        if file is not None:
            _make_private(file)
        self._db = sqlite3.connect(self.file, isolation_level=None, timeout=BUSY_TIMEOUT_S)
        self._db.row_factory = sqlite3.Row
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    @property
    def id(self) -> str:
        """A name that this file has had since it was made and no other has."""
        return self.meta("ledger") or ""

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _prepare(self) -> None:
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            # SQLite would copy the WAL back within some commit, and an order would wait for it: see `checkpoint`
            self._db.execute("PRAGMA wal_autocheckpoint=0")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
            if version in {0, SCHEMA_VERSION}:
                self._db.execute("INSERT OR IGNORE INTO meta VALUES ('ledger', ?)", (secrets.token_hex(8),))
            damage = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
            self._widen_log()
        except sqlite3.OperationalError as error:
            raise LedgerOutOfReach(f"{self.file} cannot be used: {error}; check owner and space") from error
        except sqlite3.DatabaseError as error:
            raise LedgerDamaged(f"{self.file} is damaged: {error}") from error
        if damage != "ok":
            raise LedgerDamaged(f"{self.file} is damaged: {damage}")
        if version not in {0, SCHEMA_VERSION}:
            raise LedgerUnusable(
                f"{self.file} has schema {version}, but this version knows {SCHEMA_VERSION}; "
                "run the version that wrote it"
            )

    def _widen_log(self) -> None:
        """Let the WAL have its size from the beginning: a sync of blocks that are there takes half as long.

        What is written into it is taken back, so that nothing comes into the file; a page cache of a few pages makes
        SQLite write it at all. It begins anew after each checkpoint and keeps its size. A disk without that room is
        no reason not to start: what cannot be written later will be said then.
        """
        pages = self._db.execute("PRAGMA cache_size").fetchone()[0]
        self._db.execute("PRAGMA cache_size=8")
        self._db.execute("BEGIN IMMEDIATE")
        with suppress(sqlite3.OperationalError):
            self._db.execute("CREATE TABLE room (bytes BLOB)")
            for _ in range(LOG_BYTES // ROOM_BYTES):
                self._db.execute("INSERT INTO room VALUES (zeroblob(?))", (ROOM_BYTES,))
        with suppress(sqlite3.OperationalError):  # a full disk has ended the transaction by itself
            self._db.execute("ROLLBACK")
        self._db.execute(f"PRAGMA cache_size={pages}")

    def checkpoint(self) -> None:
        """Copy the WAL into the file and let it begin anew, over a connection of its own: for a thread.

        Writers go on meanwhile. Raises sqlite3.Error.
        """
        if self.fault is None:
            with closing(sqlite3.connect(self.file, timeout=CHECKPOINT_TIMEOUT_S)) as beside:
                beside.execute("PRAGMA wal_checkpoint(PASSIVE)")

    # --- orders -----------------------------------------------------------------------------------

    def put(self, *known: Tracked, at: datetime, attempt_of: str | None = None) -> None:
        """Store what is known of orders in one commit, synced when `attempt_of` names one about to be sent."""
        with _Transaction(self._db, synced=attempt_of is not None):
            for tracked in known:
                self._db.execute(rows.PUT_INTENT, rows.of_tracked(tracked, at))
                if tracked.state not in {IntentState.RECORDED, IntentState.SENT}:
                    self._db.execute(rows.ADD_ACK, rows.ack_of(tracked, at))
                if tracked.intent.id == attempt_of:
                    self._db.execute(rows.ADD_ATTEMPT, rows.attempt_of(tracked, at))

    def get(self, intent_id: str) -> Tracked | None:
        """One order by client id."""
        return _first(self._orders("SELECT * FROM intents WHERE id = ?", intent_id))

    def by_order_id(self, symbol: str, venue_order_id: str) -> Tracked | None:
        """The order that bears this id in the matching engine, also as the child of a conditional one."""
        plain = "SELECT * FROM intents WHERE symbol = ? AND venue_order_id = ? AND book = 'orders'"
        child = "SELECT * FROM intents WHERE symbol = ? AND child_order_id = ?"
        found = self._orders(plain, symbol, venue_order_id) or self._orders(child, symbol, venue_order_id)
        return _first(found)

    def unfinished(self) -> list[Tracked]:
        """Orders whose story is not over, oldest first."""
        query = "SELECT * FROM intents WHERE state NOT IN (?, ?, ?, ?) ORDER BY created_at"
        return self._orders(query, *(state.value for state in FINAL))

    def latest(self, limit: int) -> list[Tracked]:
        """The newest orders first."""
        return self._orders("SELECT * FROM intents ORDER BY created_at DESC, id LIMIT ?", limit)

    def of_signal(self, signal_id: str) -> list[Tracked]:
        """The orders that a signal led to, oldest first."""
        return self._orders("SELECT * FROM intents WHERE signal_id = ? ORDER BY created_at", signal_id)

    def count_for(self, position_id: str, purpose: Purpose) -> int:
        """How many orders of a purpose a position has had."""
        query = "SELECT count(*) FROM intents WHERE position_id = ? AND purpose = ?"
        return int(self._db.execute(query, (position_id, purpose.value)).fetchone()[0])

    def stop_status_since(self, intent_id: str, status: StopStatus) -> datetime | None:
        """When a conditional order was first known to stand where it stands (wall time), None if never."""
        query = "SELECT min(at) FROM acks WHERE intent_id = ? AND stop_status = ?"
        found = self._db.execute(query, (intent_id, status.value)).fetchone()[0]
        return None if found is None else datetime.fromisoformat(found)

    def attempts_of(self, intent_id: str) -> list[Attempt]:
        """The requests sent for an order, in order."""
        query = "SELECT sent_ms, recv_window_ms FROM attempts WHERE intent_id = ? ORDER BY number"
        return [Attempt(*row) for row in self._db.execute(query, (intent_id,))]

    def symbols(self) -> set[str]:
        """Every symbol that was ever ordered or filled."""
        return {row[0] for row in self._db.execute("SELECT symbol FROM intents UNION SELECT symbol FROM fills")}

    # --- fills and income -------------------------------------------------------------------------

    def add_fills(self, fills: Iterable[BookedFill]) -> list[BookedFill]:
        """Store fills in one commit; returns those that were new, with their sequence."""
        new = []
        with _Transaction(self._db):
            for booked in fills:
                cursor = self._db.execute(rows.ADD_FILL, rows.of_fill(booked))
                if cursor.rowcount == 1:
                    new.append(rows.numbered(booked, cursor.lastrowid or 0))
        return new

    def fills_after(self, sequence: int, limit: int) -> list[BookedFill]:
        """Fills booked after `sequence`, in order."""
        return self._fills("SELECT * FROM fills WHERE sequence > ? ORDER BY sequence LIMIT ?", sequence, limit)

    def fills_of_order(self, client_order_id: str) -> list[BookedFill]:
        """The fills of one order, in order."""
        return self._fills("SELECT * FROM fills WHERE client_order_id = ? ORDER BY sequence", client_order_id)

    def round_of(self, symbol: str) -> list[BookedFill]:
        """The fills of a symbol's last round trip, in order."""
        newest = "SELECT * FROM fills WHERE symbol = ? ORDER BY sequence DESC"
        found: list[BookedFill] = []
        for row in self._db.execute(newest, (symbol,)):
            booked = rows.to_fill(row)
            if found and not booked.quantity_after:
                break
            found.append(booked)
        return found[::-1]

    def last_trade_id(self, symbol: str) -> int | None:
        """The venue's id of the newest fill of a symbol."""
        query = "SELECT max(CAST(venue_trade_id AS INTEGER)) FROM fills WHERE symbol = ?"
        found = self._db.execute(query, (symbol,)).fetchone()[0]
        return None if found is None else int(found)

    def newest_fill(self) -> BookedFill | None:
        """The fill booked last."""
        found = self._fills("SELECT * FROM fills ORDER BY sequence DESC LIMIT 1")
        return found[0] if found else None

    def counts(self) -> tuple[int, int]:
        """How many fills there are, and the highest sequence."""
        count, last = self._db.execute("SELECT count(*), coalesce(max(sequence), 0) FROM fills").fetchone()
        return int(count), int(last)

    def add_income(self, found: Sequence[IncomeView]) -> int:
        """Store wallet changes in one commit, once each; says how many were new."""
        with _Transaction(self._db):
            return sum(self._db.execute(rows.ADD_INCOME, rows.of_income(income)).rowcount for income in found)

    def income_after(self, sequence: int, limit: int) -> list[BookedIncome]:
        """Wallet changes booked after `sequence`, in order."""
        query = "SELECT * FROM income WHERE sequence > ? ORDER BY sequence LIMIT ?"
        return [rows.to_income(row) for row in self._db.execute(query, (sequence, limit))]

    # --- cursors ----------------------------------------------------------------------------------

    def meta(self, name: str) -> str | None:
        """A named remark."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, name: str, value: str) -> None:
        """Write a named remark."""
        with _Transaction(self._db):
            self._db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    def _orders(self, query: str, *values: object) -> list[Tracked]:
        return [rows.to_tracked(row) for row in self._db.execute(query, values)]

    def _fills(self, query: str, *values: object) -> list[BookedFill]:
        return [rows.to_fill(row) for row in self._db.execute(query, values)]


def _make_private(file: Path) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise LedgerOutOfReach(f"{file} cannot be opened: {error.strerror}; check owner and space") from error


def _first(found: list[Tracked]) -> Tracked | None:
    return found[0] if found else None


class _Transaction:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK when the block raises; on disk at its end when `synced`."""

    def __init__(self, db: sqlite3.Connection, *, synced: bool = False) -> None:
        self._db = db
        self._synced = synced

    def __enter__(self) -> None:
        self._db.execute("PRAGMA synchronous=FULL" if self._synced else "PRAGMA synchronous=NORMAL")
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
