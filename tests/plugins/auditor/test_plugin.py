"""The plugin in the harness: real files, a stand-in for whoever is asked, and time that the test moves."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.auditor import Auditor
from plugins.domain import Account
from plugins.exchange.ledger_schema import SCHEMA
from plugins.store import database_url, open_store
from plugins.store.schema import upgrade
from qtcore import Autonomy, CallFailed, Status
from qtcore.testing import Harness, VirtualClock, harness
from tests.plugins.auditor.conftest import MARK, position

pytestmark = pytest.mark.anyio

QUICK: dict[str, Any] = {"look_s": 0.01, "history_s": 0.01, "prices_s": 0.01, "judged_s": 0.01, "repair_again_s": 60.0}
STOP = {
    "symbol": "ETHUSDT", "client_id": "qt-p-s-1", "side": "short", "kind": "STOP_MARKET", "trigger": "98",
    "quantity": None, "close_position": True, "status": "NEW",
}  # fmt: skip
HELD = {"symbol": "ETHUSDT", "side": "long", "quantity": "2", "entry_price": "100", "mark_price": "100"}
FILLS = (
    "INSERT INTO fills VALUES (NULL,'ETHUSDT','1','1','qt-p-e-1','long','2','100','0.1','USDT','0',0,?,?,NULL,"
    "'ETHUSDT-1','2',NULL)"
)
ROW = (
    "INSERT INTO positions (id, symbol, side, quantity, entered, entry_price, gross_pnl, fees, fills, first_order_id,"
    " last_order_id, opened_at, opened_market_at, updated_at, updated_market_at)"
    " VALUES (?, ?, 'long', '2', '2', '100', '0', '0.1', 1, '1', '1', ?, ?, ?, ?)"
)


class Venue:
    """What the exchange answers about the venue; a test may change it at any time."""

    def __init__(self) -> None:
        self.guards: list[dict[str, Any]] = [STOP]
        self.positions: list[dict[str, Any]] = [HELD]
        self.silent = False

    def seen(self, _: dict[str, Any]) -> dict[str, Any]:
        if self.silent:
            raise CallFailed("the venue has not been asked yet", error_type="NotReady")
        return {"age_s": 0.1, "positions": self.positions, "guards": self.guards, "wallet": "10000"}


def stored(at: datetime) -> str:
    """A time as SQLAlchemy writes it."""
    return at.replace(tzinfo=None).isoformat(" ", "microseconds")


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """One long in ETHUSDT, entered a minute ago, in both files."""
    at = VirtualClock().wall() - timedelta(minutes=1)
    with closing(sqlite3.connect(tmp_path / "exchange.db")) as db, db:
        db.executescript(f"PRAGMA journal_mode=WAL; {SCHEMA}")
        db.execute(FILLS, (at.isoformat(), at.isoformat()))
    async with open_store(database_url(tmp_path)) as store:
        await upgrade(store.engine, backups=tmp_path / "backups", now=at)
    write_row(tmp_path, "ETHUSDT-1", "ETHUSDT", at)
    return tmp_path


def write_row(home: Path, name: str, symbol: str, at: datetime) -> None:
    """An open row in the history, as anybody with the file could write it."""
    with closing(sqlite3.connect(home / "quantum.db")) as db, db:
        db.execute(ROW, (name, symbol, *([stored(at)] * 4)))


@asynccontextmanager
async def watching(home: Path, venue: Venue, autonomy: Autonomy = Autonomy.ENFORCED) -> AsyncIterator[Harness]:
    """The auditor with everybody that it asks."""
    async with harness(Auditor, home=home, settings=QUICK, autonomy=autonomy) as h:
        at = h.clock.wall()
        h.on_call("exchange.seen", venue.seen)
        h.on_call("exchange.prices", lambda _: {"ETHUSDT": [str(MARK), at.isoformat()]})
        h.on_call("exchange.reconcile", lambda _: {})
        h.on_call("database.rebuild", lambda _: 1)
        mark = {"price": str(MARK), "funding_rate": "0", "at": at.isoformat(), "closed_ms": None}
        h.on_call("feed.marks", lambda _: {"ETHUSDT": mark})
        h.on_call("models.latest", lambda _: {})
        h.on_call("position_monitor.watched", lambda _: [{"symbol": "ETHUSDT", "considered_s_ago": 0.1}])
        await h.ready()
        await h.publish(_account(at))
        await h.publish(position(at=at))
        await looks(h)
        yield h


async def looks(h: Harness) -> None:
    """Every place was looked at twice from now on, and judged after that."""
    before = tries(h)
    await h.until(lambda: all(count >= before.get(name, 0) + 2 for name, count in tries(h).items()))
    judged = h.progress().get("looks", 0)
    await h.until(lambda: h.progress().get("looks", 0) >= judged + 2)


def tries(h: Harness) -> dict[str, int]:
    """How often each place was looked at, by the auditor's own count."""
    return {name: count for name, count in h.progress().items() if name.startswith("looked at ")}


async def for_a_while(h: Harness, seconds: float = 8.0) -> None:
    """So much time passes, with looks all the while."""
    for _ in range(3):
        await h.advance(seconds / 3)
        await looks(h)


def _account(at: datetime) -> Account:
    return Account(MARK, MARK, MARK, MARK, 1, 1, at, at)


async def test_a_sound_system_is_healthy_and_says_on_how_much(home: Path) -> None:
    """Every rule has looked; what had nothing to look at says so."""
    async with watching(home, Venue()) as h:
        await for_a_while(h)
        health = await h.health()
        rows = await h.call("auditor.invariants")
        assert h.reports.claims == []
    assert (health.status, health.findings) == (Status.HEALTHY, ())
    assert {row["rule"]: row["verdict"] for row in rows}["protection"] == "holds"
    assert {row["rule"]: row["verdict"] for row in rows}["slots"] == "nothing to look at"
    looked_at = health.facts["looked_at"]
    assert isinstance(looked_at, dict)
    assert looked_at["protection"] == 1


async def test_a_missing_stop_is_found_and_entries_are_stopped_until_it_is_there_again(home: Path) -> None:
    """Not at once, because stops are replaced; and nothing is sent to the venue."""
    venue = Venue()
    async with watching(home, venue) as h:
        venue.guards = []
        await looks(h)
        assert (await h.health()).findings == ()
        await for_a_while(h)
        assert h.findings["QT-AUDIT-STOPS"].subject == "ETHUSDT", "told when it counts, whoever asks for health"
        (finding,) = (await h.health()).findings
        assert (finding.code, finding.subject) == ("QT-AUDIT-STOPS", "ETHUSDT")
        assert h.reports.claims[-1].level == "no_entries"
        assert h.calls("exchange.protect") == []
        venue.guards = [STOP]
        await for_a_while(h)
        assert (await h.health()).status is Status.HEALTHY
        assert h.findings == {}
        claims = len(h.reports.claims)
        await looks(h)
        assert len(h.reports.claims) == claims


async def test_a_row_that_no_fill_supports_is_reported_and_its_owner_asked_to_repair(home: Path) -> None:
    """Once, however often it is seen."""
    async with watching(home, Venue()) as h:
        write_row(home, "ghost", "SOLUSDT", h.clock.wall() - timedelta(seconds=30))
        await for_a_while(h)
        codes = {(finding.code, finding.subject) for finding in (await h.health()).findings}
        assert len(h.calls("database.rebuild")) == 1
    assert codes == {("QT-AUDIT-ROWS", "ghost")}


async def test_who_may_only_advise_says_what_it_would_have_done(home: Path) -> None:
    """Neither claims nor asks."""
    venue = Venue()
    async with watching(home, venue, Autonomy.ADVISORY) as h:
        venue.guards = []
        write_row(home, "ghost", "SOLUSDT", h.clock.wall() - timedelta(seconds=30))
        await for_a_while(h)
        assert (h.reports.claims, h.calls("database.rebuild")) == ([], [])
        assert {*h.withheld} >= {"tightened the posture to no_entries", "asked for database.rebuild"}


async def test_an_exchange_that_does_not_answer_is_no_finding_about_positions(home: Path) -> None:
    """The rules about the venue cannot look and say why; after a while that is itself a finding."""
    venue = Venue()
    async with watching(home, venue) as h:
        venue.silent, venue.positions = True, []
        await for_a_while(h, 20.0)
        assert (await h.health()).findings == ()
        rows = {row["rule"]: row for row in await h.call("auditor.invariants")}
        assert rows["protection"]["verdict"] == "cannot look"
        assert "has not been asked yet" in rows["protection"]["says"]
        await for_a_while(h, 60.0)
        assert [finding.code for finding in (await h.health()).findings] == ["QT-AUDIT-BLIND"]
