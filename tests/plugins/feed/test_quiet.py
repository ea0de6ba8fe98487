"""An outage of the venue is told from a feed that brings nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from plugins.domain import candle_of
from plugins.feed.ages import Ages, Connection, Limits, Market
from plugins.feed.freshness import judged
from plugins.feed.kinds import QUIET
from plugins.feed.quiet import quiet_bars
from plugins.feed.window import Window

START_MS = 1_735_689_600_000


def window(*volumes: int) -> Window:
    kept = Window(50)
    figures = ("1", "1", "1", "1")
    kept.extend(candle_of("A", 60, START_MS + n * 60_000, [*figures, str(v)]) for n, v in enumerate(volumes))
    return kept


def test_an_outage_is_all_symbols_for_several_candles() -> None:
    """One silent symbol, one silent candle, or no history at all is no outage."""
    assert quiet_bars([window(1, 0, 0, 0), window(0, 0, 0)]) == 3
    assert quiet_bars([window(1, 0, 0), window(0, 0, 5)]) == 0
    assert quiet_bars([window(1, 0), window(1, 0)]) == 0
    assert quiet_bars([window(0, 0, 0), window()]) == 0


def test_an_outage_is_said_and_is_not_staleness() -> None:
    """The data is fresh; what it says is that nothing trades."""
    said = judged({"A": Ages(1, 1)}, Limits(10, 5), set(), Connection(True, "", 0), Market(quiet_bars=3))
    assert (said.status, [finding.code for finding in said.findings]) == ("degraded", [QUIET.code])
    assert not said.findings[0].healable


def test_recorded_outages_are_found_and_nothing_else(paths: Any) -> None:
    """The morning of 2025-01-29: every minute of the venue's outage and no other, in real candles."""
    import pyarrow.parquet as parquet

    windows, found = {name: Window(50) for name in ("BTCUSDT", "ETHUSDT", "SOLUSDT")}, set()
    first = int(datetime(2025, 1, 29, tzinfo=UTC).timestamp() * 1000)
    rows = {}
    for name in windows:
        table = parquet.read_table(paths.shared("data", "train", "ohlcv", f"{name}_1m.parquet")).to_pylist()
        rows[name] = {row["ts"]: row for row in table if first <= row["ts"] < first + 86_400_000}
    for ts in sorted(rows["BTCUSDT"]):
        for name, kept in windows.items():
            row = rows[name][ts]
            kept.extend([candle_of(name, 60, ts, [str(row[k]) for k in ("open", "high", "low", "close", "volume")])])
        if quiet_bars(windows.values()):
            found.add(datetime.fromtimestamp(ts / 1000, UTC))
    empty = {datetime.fromtimestamp(ts / 1000, UTC) for ts, row in rows["BTCUSDT"].items() if row["volume"] == 0}
    assert found
    assert found == {minute for minute in empty if minute - timedelta(minutes=1) in empty}
