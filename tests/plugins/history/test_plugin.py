"""The plugin against a venue in a process of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from plugins.domain import Universe
from plugins.history import HistoryKeeper
from plugins.learning.archive import Archive
from qtcore import Status
from qtcore.testing import Harness, harness
from tests.plugins.history.conftest import Venue

pytestmark = pytest.mark.anyio
NAME = "history_keeper"


async def begin(h: Harness, venue: Venue, *symbols: str) -> None:
    """Clock, address and universe, then wait until every symbol was looked at."""
    h.set_market(venue.now)
    await h.publish(venue.address)
    await h.publish(Universe(symbols or ("BTCUSDT", "ETHUSDT"), {}, venue.now))
    await h.ready()
    count = len(symbols or ("BTCUSDT", "ETHUSDT"))
    await h.until(lambda: h.progress().get("symbols", 0) >= count)


def folder(h: Harness) -> Path:
    """The one market that was opened."""
    (found,) = (h.home / "history").iterdir()
    return found


async def test_it_stores_what_the_venue_serves_and_nothing_that_still_forms(venue: Venue) -> None:
    """The newest part is compared with the venue's own answer, read straight from its REST interface."""
    async with harness(HistoryKeeper) as h:
        await begin(h, venue)
        health = await h.health()
        assert health.status is Status.HEALTHY, health.summary
        table = pq.read_table(folder(h) / "BTCUSDT-1m.parquet").to_pydict()
        rows = venue.klines("BTCUSDT")
        told = {int(row[0]): [float(x) for x in row[1:6]] for row in rows}
        closed = [at for at in told if at + 60_000 <= venue.now.timestamp() * 1000]
        newest = [at for at in table["ts"] if at >= min(told)]
        assert newest == sorted(closed)[: len(newest)]
        assert len(closed) - len(newest) <= 1
        assert len(table["ts"]) > 10_000  # page by page, a week of them
        for place, at in enumerate(table["ts"][-len(newest) :], start=len(table["ts"]) - len(newest)):
            assert [table[name][place] for name in ("open", "high", "low", "close", "volume")] == told[at]


async def test_new_bars_are_added_once_enough_have_closed(venue: Venue) -> None:
    """Not with every candle: the file is written again every `refresh_bars`."""
    async with harness(HistoryKeeper, settings={"refresh_bars": 10}) as h:
        await begin(h, venue)
        archive = Archive(folder(h))
        before = archive.read("BTCUSDT", "1m").opened_ms
        for bars, expected in ((5, 0), (10, 15)):
            venue.advance(bars)
            h.set_market(venue.now)
            done = h.progress()["symbols"]
            await h.run_timer("look")
            if expected:
                await h.until(lambda done=done: h.progress()["symbols"] >= done + 2)
            after = archive.read("BTCUSDT", "1m").opened_ms
            assert len(after) - len(before) == expected
        assert (np.diff(after) == 60_000).all()


async def test_a_damaged_file_is_set_aside_and_fetched_anew(venue: Venue) -> None:
    """Found when it is read, told by name, healed in place, and the proof is the health after."""
    async with harness(HistoryKeeper) as h:
        await begin(h, venue)
        path = folder(h) / "ETHUSDT-1m.parquet"
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 0xFF
        path.write_bytes(content)
        await h.call("history_keeper.fetch")
        health = await h.health()
        assert health.status is Status.DEGRADED
        (finding,) = health.findings
        assert finding.code == "QT-HISTORY-DAMAGED"
        assert "ETHUSDT" in finding.summary
        said = await h.heal(finding)
        assert "ETHUSDT-1m" in said
        assert (await h.health()).status is Status.HEALTHY
        assert path.with_suffix(".damaged1").read_bytes() == content


async def test_history_of_another_market_is_never_mixed_in(venue: Venue, tmp_path: Path) -> None:
    """The same minutes with other prices: the old file is set aside, not continued."""
    async with harness(HistoryKeeper, home=tmp_path / "home") as h:
        await begin(h, venue, "BTCUSDT")
        where = folder(h)
        archive = Archive(where)
        other = archive.read("BTCUSDT", "1m")
        other.columns["close"][:] *= 1.0 + 1e-6
        other.columns["high"][:] *= 1.1
        archive.write("BTCUSDT", "1m", other)
        venue.advance(40)
        h.set_market(venue.now)
        await h.call("history_keeper.fetch")
        health = await h.health()
        assert "another market" in health.summary
        await h.heal(health.findings[0])
        assert (await h.health()).status is Status.HEALTHY


async def test_two_markets_have_two_folders(venue: Venue, tmp_path: Path) -> None:
    """The speed does not make a market another one, the seed does."""
    second = Venue(tmp_path / "second", "simulated:seed=4")
    try:
        async with harness(HistoryKeeper, home=tmp_path / "home") as h:
            await begin(h, venue, "BTCUSDT")
        async with harness(HistoryKeeper, home=tmp_path / "home") as h:
            await begin(h, second, "BTCUSDT")
    finally:
        second.close()
    names = sorted(path.name for path in (tmp_path / "home" / "history").iterdir())
    assert names == ["paper-market-simulated-seed-3", "paper-market-simulated-seed-4"]


async def test_old_history_is_said_so(venue: Venue) -> None:
    """Market time went on and no bar came: degraded, with the age."""
    async with harness(HistoryKeeper, timers=False) as h:
        await begin(h, venue)
        await h.advance(3 * 30 * 60 + 200)
        health = await h.health()
        assert health.status is Status.DEGRADED
        assert [finding.code for finding in health.findings] == ["QT-HISTORY-STALE"]


async def test_a_venue_that_is_gone_is_trouble_and_not_the_end(venue: Venue) -> None:
    """The plugin stays, says what failed, and what is stored stays usable."""
    async with harness(HistoryKeeper, settings={"request_timeout_s": 1.0}) as h:
        await begin(h, venue, "BTCUSDT")
        now = venue.now
        venue.close()
        h.set_market(now.replace(year=now.year + 1))
        answer = await h.call("history_keeper.fetch")
        assert "gave no history of BTCUSDT" in answer["symbols"]["BTCUSDT"]["trouble"]
        assert answer["symbols"]["BTCUSDT"]["bars"] > 400
        assert (await h.health()).status is Status.DEGRADED
