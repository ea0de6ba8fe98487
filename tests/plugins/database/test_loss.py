"""What becomes of the history when its file is lost, damaged, replaced, or takes nothing."""

from __future__ import annotations

import asyncio
import gc
import resource
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from plugins.domain import Account, Side
from plugins.store import engine as store_engine
from qtcore.kernel.words import Cause
from qtcore.testing import Plug, harness

pytestmark = pytest.mark.anyio

REBUILT = (
    "SELECT * FROM fills ORDER BY symbol, venue_trade_id",
    "SELECT * FROM positions ORDER BY id",
    "SELECT * FROM trades ORDER BY position_id",
    "SELECT * FROM funding ORDER BY transaction_id",
)
"""What the exchange can tell anew."""


def told(made: Any, home: Path) -> list[list[Any]]:
    return [made.run(made.in_home(home), query) for query in REBUILT]


def busy_exchange(made: Any) -> Any:
    """Round trips, a turned position, an open one, and funding."""
    exchange = made.ExchangeLists()
    for _ in range(3):
        made.round_trip(exchange)
    exchange.trade(Side.LONG, "1", price="101")
    exchange.trade(Side.SHORT, "3", price="99", pnl="-2", because="stop")
    exchange.settle("-0.0123", 1.5)
    exchange.settle("0.5", 3.2)
    return exchange


async def settled(made: Any, h: Any, exchange: Any, url: str = "") -> None:
    await made.caught_up(h, exchange, url)
    funding = "SELECT count(*) FROM funding"
    await made.shows(url or made.in_home(h.home), funding, [(len(exchange.incomes),)])


def remove(home: Path) -> None:
    for path in home.glob("quantum.db*"):
        path.unlink()


async def test_g6_i8_a_history_deleted_while_stopped_comes_back_equal(made: Any, tmp_path: Path) -> None:
    """Every fill, position, trade and settlement is there again, digit for digit, and it is said why."""
    exchange = busy_exchange(made)
    async with made.history(exchange, tmp_path) as h:
        await settled(made, h, exchange)
    before = told(made, tmp_path)
    remove(tmp_path)
    async with made.history(exchange, tmp_path) as h:
        await settled(made, h, exchange)
        assert h.findings["QT-DATABASE-REBUILT"].evidence["damage"] == "the file was gone"
    assert told(made, tmp_path) == before
    assert len(before[2]) == 4


async def test_a_first_start_is_no_loss(made: Any, tmp_path: Path) -> None:
    """A home without a history begins one and complains of nothing."""
    async with made.history(made.ExchangeLists(), tmp_path) as h:
        assert h.findings == {}


async def test_g14_a_path_that_leads_elsewhere_is_told_and_filled_until_a_person_decides(
    made: Any, tmp_path: Path
) -> None:
    """Never an empty stand-in: the new file gets all that the exchange knows, and each start names the other."""
    exchange, other = busy_exchange(made), tmp_path / "nowhere" / "trades.db"
    async with made.history(exchange, tmp_path) as h:
        await settled(made, h, exchange)
    for _start in range(2):
        async with made.history(exchange, tmp_path, f"sqlite:///{other}") as h:
            await settled(made, h, exchange, f"sqlite:///{other}")
            found = h.findings["QT-DATABASE-ELSEWHERE"]
            assert found.evidence["before"] == str(tmp_path / "quantum.db")
            assert "QT-DATABASE-REBUILT" not in h.findings
    assert [made.run(f"sqlite:///{other}", query) for query in REBUILT] == told(made, tmp_path)
    async with made.history(exchange, tmp_path) as h:
        await settled(made, h, exchange)
        assert h.findings == {}


async def test_a_home_that_was_moved_has_its_history_with_it(made: Any, tmp_path: Path) -> None:
    """What lies in the home is known by its name there."""
    exchange = busy_exchange(made)
    async with made.history(exchange, tmp_path / "before") as h:
        await made.caught_up(h, exchange)
    shutil.copytree(tmp_path / "before", tmp_path / "after")
    async with made.history(exchange, tmp_path / "after") as h:
        await made.caught_up(h, exchange)
        assert h.findings == {}


async def test_what_only_the_history_knew_comes_back_from_the_backup(made: Any, tmp_path: Path) -> None:
    """A damaged file is kept; equity returns from the newest whole backup, later fills from the exchange."""
    exchange = busy_exchange(made)
    async with made.history(exchange, tmp_path) as h:
        await settled(made, h, exchange)
        await h.publish(account(made, 0))
        await made.shows(made.in_home(tmp_path), "SELECT count(*) FROM equity", [(1,)])
        backup = await h.call("database.backup")
        made.round_trip(exchange)
        await settled(made, h, exchange)
    before = told(made, tmp_path)
    (tmp_path / "backups" / "quantum-0001-20990101T000000.db").write_bytes(b"\xff" * 9000)  # newer, and worthless
    for path in tmp_path.glob("quantum.db-*"):
        path.unlink()
    (tmp_path / "quantum.db").write_bytes(b"\xff" * 50_000)
    async with made.history(exchange, tmp_path) as h:
        await settled(made, h, exchange)
        assert h.findings["QT-DATABASE-REBUILT"].evidence["from_backup"] == backup["backup"]
    assert told(made, tmp_path) == before
    assert made.run(made.in_home(tmp_path), "SELECT count(*) FROM equity") == [(1,)]
    assert len(list(tmp_path.glob("quantum.db.damaged-*"))) == 1


async def test_a_file_removed_under_our_hands_is_noticed(made: Any, tmp_path: Path) -> None:
    """Writing on into a file without a name is not healthy; what it holds is rescued, and a restart mends it."""
    exchange = busy_exchange(made)
    async with made.history(exchange, tmp_path) as h:
        await settled(made, h, exchange)
        await h.until(lambda: h.progress("database").get("caught_up", 0) > 0)
        await h.publish(account(made, 0))
        await made.shows(made.in_home(tmp_path), "SELECT count(*) FROM equity", [(1,)])
        remove(tmp_path)
        said = await h.health("database")
        assert (said.status, said.findings[0].code) == ("critical", "QT-DATABASE-REPLACED")
        assert said.findings[0].remedies[0].act == "restart"
        assert "quantum-" in await h.heal(said.findings[0], "database")
        await h.restart("database")
        await h.ready("database")
        await settled(made, h, exchange)
        await h.until(lambda: h.progress("database").get("caught_up", 0) > 0)
        assert (await h.health("database")).status == "healthy"
        assert made.run(made.in_home(tmp_path), "SELECT count(*) FROM equity") == [(1,)]


async def test_an_empty_file_in_the_place_of_a_removed_one_is_not_believed(made: Any, tmp_path: Path) -> None:
    """A connection made too late begins one; the rows are rescued from the lost file, and put back in its place."""
    exchange = busy_exchange(made)
    async with made.history(exchange, tmp_path) as h:
        await settled(made, h, exchange)
        await h.publish(account(made, 0))
        await made.shows(made.in_home(tmp_path), "SELECT count(*) FROM equity", [(1,)])
        remove(tmp_path)
        with closing(sqlite3.connect(tmp_path / "quantum.db")) as late:
            late.execute("PRAGMA journal_mode=WAL")
        finding = next(f for f in (await h.health("database")).findings if f.code == "QT-DATABASE-REPLACED")
        assert "quantum-" in await h.heal(finding, "database")
        await h.restart("database")
        await h.ready("database")
        await settled(made, h, exchange)
        assert h.findings["QT-DATABASE-REBUILT"].evidence["damage"] == "the file was gone"
    assert made.run(made.in_home(tmp_path), "SELECT count(*) FROM equity") == [(1,)]


def taken(h: Any) -> bool:
    """Whether a connection is in use."""
    return bool(h._one(None).live.plugin._open.store.engine.sync_engine.pool.checkedout())


def given_back(_: Any) -> bool:
    """Whether a connection is on its way back into the pool."""
    return any(task.get_coro().__qualname__ == "AsyncConnection.close" for task in asyncio.all_tasks())


@pytest.mark.parametrize("moment", [taken, given_back])
async def test_a_stop_in_the_middle_of_work_gives_every_connection_back(
    made: Any, tmp_path: Path, url: str, moment: Callable[[Any], bool]
) -> None:
    """However far its work on the database has come, nothing is left for the garbage collector to mend."""
    exchange = busy_exchange(made)
    for _ in range(3):
        async with made.history(exchange, tmp_path, url, pull_s=0.001) as h, asyncio.timeout(10):
            while not moment(h):  # noqa: ASYNC110 - nothing else tells of a moment inside SQLAlchemy
                await asyncio.sleep(0)
            h._one(None).instance.belongings.cancel()  # what a stop does, at this very moment
            await h.end()
    gc.collect()


def account(made: Any, second: int) -> Account:
    at, one = made.NOW + timedelta(seconds=second), Decimal(1)
    return Account(one, one, one, one, positions=0, open_orders=0, reconciled_at=at, at=at)


@contextmanager
def full_disk() -> Iterator[None]:
    """A limit of no bytes a file stands in for a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@asynccontextmanager
async def hindered(home: Path, how: str) -> AsyncIterator[None]:
    """A full disk, or another program that holds the file for itself."""
    if how == "full":
        with full_disk():
            yield
        return
    with closing(sqlite3.connect(home / "quantum.db", isolation_level=None, timeout=0)) as other:
        while not other.in_transaction:
            with suppress(sqlite3.OperationalError):  # the history is writing; waiting here would hold it up
                other.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(0.01)
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("hindrance", ["full", "locked"])
async def test_j1_what_cannot_be_stored_waits_and_nothing_is_lost(
    made: Any, tmp_path: Path, hindrance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk or a locked file is said; fills are fetched again and equity is kept until it can be stored."""
    monkeypatch.setattr(store_engine, "BUSY_TIMEOUT_MS", 20)
    exchange = made.ExchangeLists()
    made.round_trip(exchange)
    async with made.history(exchange, tmp_path, equity_every_s=0.001) as h:
        await made.caught_up(h, exchange)
        async with hindered(tmp_path, hindrance):
            for second in range(3):
                await h.advance(1)
                await h.publish(account(made, second))
                await refused(h, waiting=second + 1)
            made.round_trip(exchange)
            exchange.trade(Side.SHORT, "2")
            finding = next(f for f in (await h.health("database")).findings if f.code == "QT-DATABASE-UNWRITABLE")
            assert finding.evidence["trouble"] == hindrance
        await made.caught_up(h, exchange)
        await h.advance(1)
        await h.publish(account(made, 3))
        await made.shows(made.in_home(tmp_path), "SELECT count(*) FROM equity", [(4,)])
        await h.until(lambda: h.progress("database").get("caught_up", 0) > 0)
        await mended(h)
        trades = await h.call("database.trades")
    assert [trade["position_id"] for trade in trades] == ["BTCUSDT-3", "BTCUSDT-1"]
    assert made.run(made.in_home(tmp_path), "SELECT count(*) FROM positions") == [(3,)]


async def mended(h: Any) -> None:
    """Wait until the history says that it takes everything again: each refused write is tried anew in its own time."""
    for _ in range(200):
        said = await h.health("database")
        if said.status == "healthy":
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"never healthy again: {said}")


async def refused(h: Any, *, waiting: int) -> None:
    """Wait until the history says that it takes nothing, and how many rows wait."""
    for _ in range(200):
        said = await h.health("database")
        if any(finding.evidence.get("equity_rows_waiting") == waiting for finding in said.findings):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"never refused: {said}")


async def test_g14_a_database_that_is_not_there_is_never_replaced_by_an_empty_one(
    made: Any, tmp_path: Path, postgres: Any
) -> None:
    """A wrong name in the URL is for a person to correct, and the password shows nowhere."""
    settings = {"url": postgres.url("nobody_made_this", password="hunter2")}
    async with harness(Plug(made.DatabasePlugin, "database", settings=settings), home=tmp_path, timers=False) as h:
        end = await h.end("database")
        assert end.cause is Cause.NEEDS_OPERATOR
        assert "QUANTUM_TRADER_DATABASE_URL" in end.sentence
        assert "hunter2" not in f"{end} {h.logs}"
    assert not (tmp_path / "quantum.db").exists()


async def test_a_server_that_goes_away_is_waited_for(made: Any, tmp_path: Path, postgres: Any) -> None:
    """Connections are cut and refused for a while; afterwards everything is there once."""
    exchange, url = made.ExchangeLists(), await postgres.new_database()
    name = make_url(url).database
    made.round_trip(exchange)
    async with made.history(exchange, tmp_path, url) as h:
        await made.caught_up(h, exchange, url)
        await postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'qt%'")
        made.round_trip(exchange)
        await h.publish(account(made, 0))
        await refused(h, waiting=1)
        await postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await made.caught_up(h, exchange, url)
        assert len(await h.call("database.trades")) == 2
