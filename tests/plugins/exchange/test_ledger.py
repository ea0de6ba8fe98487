"""exchange.db: durable, exact, private, and honest about damage."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from plugins.domain import ExitReason, Fill, Intent, IntentState, Purpose, Side, StopStatus
from plugins.exchange.ledger import Ledger, LedgerDamaged, LedgerOutOfReach, LedgerUnusable
from plugins.exchange.ledger_rows import BookedFill
from plugins.exchange.order_path import Attempt, Tracked, learn
from plugins.exchange.wire import IncomeView

NOW = datetime(2026, 1, 5, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "exchange.db")) as opened:
        yield opened


def tracked(name: str = "a", *, trigger: str | None = "95000.10") -> Tracked:
    intent = Intent(
        id=name,
        symbol="BTCUSDT",
        side=Side.SHORT,
        purpose=Purpose.STOP,
        quantity=Decimal("0.010"),
        reduce_only=True,
        close_position=False,
        created_at=NOW,
        trigger=Decimal(trigger) if trigger else None,
        signal_id="s1",
        position_id="p1",
        reason="why",
        trace_id="ab" * 16,
    )
    return Tracked(intent)


def booked(number: int, after: str, *, because: ExitReason | None = None) -> BookedFill:
    fill = Fill(
        symbol="BTCUSDT",
        venue_trade_id=str(number),
        venue_order_id="7",
        client_order_id="a",
        side=Side.LONG,
        quantity=Decimal("0.010"),
        price=Decimal("95123.40"),
        fee=Decimal("0.47561700"),
        fee_asset="USDT",
        realised_pnl=Decimal("-1.20"),
        maker=False,
        at=NOW,
        market_at=NOW - timedelta(days=200),
    )
    return BookedFill(0, fill, "BTCUSDT-1", Decimal(after), because)


def test_an_order_comes_back_as_it_was(ledger: Ledger) -> None:
    """Everything known of an order survives, digit for digit."""
    known = replace(
        learn(tracked(), Attempt(123, 2000)),
        state=IntentState.ACKNOWLEDGED,
        stop_status=StopStatus.LIVE,
        venue_order_id="9",
        child_order_id="11",
        filled=Decimal("0.0040"),
        average_price=Decimal("95000.00"),
        code=-2021,
        sentence="said",
    )
    ledger.put(known, at=NOW, attempt_of="a")
    assert ledger.get("a") == known
    assert ledger.by_order_id("BTCUSDT", "11") == known
    assert ledger.by_order_id("BTCUSDT", "9") is None, "an algo id is no order id"
    assert ledger.attempts_of("a") == [Attempt(123, 2000)]
    assert [each.intent.id for each in ledger.unfinished()] == ["a"]


def test_an_attempt_is_on_disk_before_put_returns(ledger: Ledger, tmp_path: Path) -> None:
    """Another process that looks after a kill sees the order and its attempt."""
    ledger.put(learn(tracked(), Attempt(123, 2000)), at=NOW, attempt_of="a")
    with closing(sqlite3.connect(tmp_path / "exchange.db")) as other:
        assert other.execute("SELECT state FROM intents").fetchall() == [("sent",)]
        assert other.execute("SELECT count(*) FROM attempts").fetchone() == (1,)
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_fills_are_booked_once(ledger: Ledger) -> None:
    """The same execution twice is one row; numbers go on, and figures stay exact."""
    first = ledger.add_fills([booked(1, "0.010"), booked(2, "0")])
    assert [each.sequence for each in first] == [1, 2]
    again = ledger.add_fills([booked(2, "0"), booked(3, "0.010")])
    assert [each.fill.venue_trade_id for each in again] == ["3"]
    assert [str(each.fill.fee) for each in ledger.fills_after(0, 10)] == ["0.47561700"] * 3
    assert ledger.counts() == (3, again[0].sequence)
    assert ledger.last_trade_id("BTCUSDT") == 3


def test_the_last_round_trip_is_found(ledger: Ledger) -> None:
    """Only the fills since the symbol was last flat count, or the closed trip when it is flat now."""
    ledger.add_fills([booked(1, "0.010"), booked(2, "0", because=ExitReason.STOP), booked(10, "0.010")])
    assert [each.fill.venue_trade_id for each in ledger.round_of("BTCUSDT")] == ["10"]
    ledger.add_fills([booked(11, "0")])
    assert [each.fill.venue_trade_id for each in ledger.round_of("BTCUSDT")] == ["10", "11"]


def test_income_is_booked_once(ledger: Ledger) -> None:
    """A settlement seen in two overlapping looks is one row."""
    row = IncomeView("5", "FUNDING_FEE", "BTCUSDT", Decimal("-0.012"), "USDT", NOW)
    assert ledger.add_income([row]) == 1
    assert ledger.add_income([row, replace(row, transaction_id="6")]) == 1
    assert [each.income.transaction_id for each in ledger.income_after(0, 10)] == ["5", "6"]


def test_it_is_private(ledger: Ledger) -> None:
    """Only the owner can read what was traded."""
    assert stat.S_IMODE(ledger.file.stat().st_mode) == 0o600


def test_damage_is_named(tmp_path: Path) -> None:
    """A file that is no sound database is told apart from one that cannot be reached."""
    file = tmp_path / "exchange.db"
    file.write_bytes(b"not a database" * 500)
    with pytest.raises(LedgerDamaged, match="damaged"):
        Ledger(file)


def test_out_of_reach_is_named(tmp_path: Path) -> None:
    """A folder in its place cannot be opened, and the sentence says what to look at."""
    (tmp_path / "exchange.db").mkdir()
    with pytest.raises(LedgerOutOfReach, match="owner and space"):
        Ledger(tmp_path / "exchange.db")


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    """A file of a later version is refused and not changed."""
    file = tmp_path / "exchange.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version=99")
        db.execute("CREATE TABLE t (a)")
    with pytest.raises(LedgerUnusable, match="99"):
        Ledger(file)


def test_no_commit_pays_for_tidying(ledger: Ledger, tmp_path: Path) -> None:
    """However much is written, the file itself is left alone until the checkpoint; then it has everything."""
    before = ledger.file.read_bytes()
    assert ledger.file.with_name("exchange.db-wal").stat().st_size > 4_000_000, "no commit makes it longer"
    for number in range(600):
        ledger.put(tracked(str(number)), at=NOW)
    assert ledger.file.read_bytes() == before
    ledger.checkpoint()
    alone = tmp_path / "alone.db"
    alone.write_bytes(ledger.file.read_bytes())
    with closing(sqlite3.connect(alone)) as copy:
        assert copy.execute("SELECT count(*) FROM intents").fetchone() == (600,)
    size = ledger.file.with_name("exchange.db-wal").stat().st_size
    for number in range(300):
        ledger.put(tracked(f"later {number}"), at=NOW)
    assert ledger.file.with_name("exchange.db-wal").stat().st_size == size, "the log begins anew in the same blocks"
