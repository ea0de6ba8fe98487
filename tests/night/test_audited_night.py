"""A real night, lied to from outside: rows that nobody traded, and an order past the door while entries are stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

import pytest
from hurt_the_night import KEY, SECRET
from night import Entry, Night

from plugins.drills.outside import Venue

Begin = Callable[..., Night]

GHOST = (
    "INSERT INTO positions (id, symbol, side, quantity, entered, entry_price, gross_pnl, fees, fills, first_order_id,"
    " last_order_id, opened_at, opened_market_at, updated_at, updated_market_at)"
    " VALUES ('ghost', 'NOBODY', 'long', '1', '1', '100', '0', '0', 1, '0', '0', ?, ?, ?, ?)"
)
SEEN_S, REPAIRED_S = 15.0, 30.0
WATCHED = ("paper_exchange", "exchange", "database", "feed", "risk_guard", "position_monitor", "executor", "auditor")


def of_auditor(night: Night, kind: str, code: str, after: int, within_s: float) -> Entry:
    """The journal's entry about a finding of the auditor."""
    return night.until_entry(
        lambda entry: entry.plugin == "auditor" and entry.kind == kind and entry.details.get("code") == code,
        f"{kind} {code}",
        after=after,
        within_s=within_s,
    )


def write(night: Night, statement: str, *values: str) -> list[tuple[str, ...]]:
    """A statement on the history, as an outsider would run it."""
    with closing(sqlite3.connect(night.home / "quantum.db", timeout=10.0)) as db, db:
        return db.execute(statement, values).fetchall()


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_what_is_not_so_is_found_repaired_and_stopped(begin: Begin) -> None:
    """A ghost is found and put away by its owner; an entry under the kill switch tightens the posture."""
    night = begin(market="simulated:seed=1", speed="16")
    night.until_running(WATCHED, within_s=110.0)

    before = night.last_seq()
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    write(night, GHOST, now, now, now, now)
    of_auditor(night, "finding_opened", "QT-AUDIT-ROWS", before, SEEN_S)
    of_auditor(night, "finding_resolved", "QT-AUDIT-ROWS", before, REPAIRED_S)
    assert write(night, "SELECT id FROM positions WHERE id = 'ghost'") == []
    assert "ghost" in (night.home / "data" / "database" / "put_away.jsonl").read_text()

    assert night.qt("kill", "on", "--why", "rehearsed").returncode == 0
    night.until(lambda: "kill" in night.qt("status").stdout or None, "the kill to be in force")
    before = night.last_seq()
    venue = Venue(night.venue, KEY, SECRET)
    venue.signed("/fapi/v1/order", method="POST", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
    found = of_auditor(night, "finding_opened", "QT-AUDIT-POSTURE", before, SEEN_S)
    assert "the kill switch had been on" in found.reason

    others = {
        str(entry.details["code"])
        for entry in night.journal()
        if entry.plugin == "auditor" and entry.kind == "finding_opened" and "code" in entry.details
    }
    assert others <= {"QT-AUDIT-ROWS", "QT-AUDIT-POSTURE", "QT-AUDIT-STOPS", "QT-AUDIT-LIMIT", "QT-OUTCOME-UNLED"}
    assert night.end() == 0
