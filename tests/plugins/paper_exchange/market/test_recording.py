"""Recordings: what is played, what is left out, what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import pytest

from plugins.paper_exchange.market.opening import open_market
from plugins.paper_exchange.market.source import HISTORY_BARS, MarketDataError

from .conftest import MINUTE_MS, START_MS, Columns, bars


class Paths(Protocol):
    """The root fixture that knows the material beside the checkout."""

    def shared(self, *parts: str) -> Path: ...


Recording = Callable[..., Path]


def spoiled(column: str, row: int, value: float) -> Columns:
    columns = {name: list(values) for name, values in bars().items()}
    columns[column][row] = value
    return dict(columns)


def without_rows(first: int, last: int) -> Columns:
    return {name: [*values[:first], *values[last:]] for name, values in bars().items()}


def test_play_starts_after_the_history(recording: Recording) -> None:
    """The first bar played is the 501st, and the 500 before it are served as history."""
    market = open_market(f"recording:{recording({'BTCUSDT_1m': bars()})}")
    history = market.history("BTCUSDT", market.start_ms, 1000)
    assert market.start_ms == START_MS + HISTORY_BARS * MINUTE_MS
    assert len(history) == HISTORY_BARS
    assert [bar.open_ms for bar in history] == [START_MS + i * MINUTE_MS for i in range(HISTORY_BARS)]


def test_bars_are_exact_decimals(recording: Recording) -> None:
    """A recorded price comes back as the decimal that was recorded."""
    market = open_market(f"recording:{recording({'ETHUSDT_1m': bars()})}")
    bar = market.history("ETHUSDT", START_MS + 2 * MINUTE_MS, 1)[0]
    assert (bar.open, bar.high, bar.low, bar.close) == tuple(map(Decimal, ("100.01", "100.04", "100", "100.02")))
    assert bar.volume == Decimal("2.5")


def test_market_ends(recording: Recording) -> None:
    """After the last bar the market says that it has ended."""
    market = open_market(f"recording:{recording({'BTCUSDT_1m': bars(502)})}")
    assert market.next_bars(market.start_ms + MINUTE_MS) is not None
    assert market.next_bars(market.start_ms + 2 * MINUTE_MS) is None


def test_symbol_that_ended_is_absent(recording: Recording) -> None:
    """Where one symbol's file is shorter, the others play on without it."""
    market = open_market(f"recording:{recording({'BTCUSDT_1m': bars(501), 'ETHUSDT_1m': bars(503)})}")
    later = market.next_bars(market.start_ms + MINUTE_MS)
    assert later is not None
    assert list(later) == ["ETHUSDT"]


def test_finest_interval_is_played(recording: Recording) -> None:
    """1m is preferred; symbols with other bars only, spot and separate windows are left out and named."""
    coarse = bars(interval_ms=5 * MINUTE_MS, start_ms=START_MS)
    folder = recording(
        {
            "BTCUSDT_1m": bars(),
            "BTCUSDT_5m": coarse,
            "ADAUSDT_5m": coarse,
            "BTCUSDT-SPOT-x_1m": bars(),
            "BTCUSDT-x_1m": bars(),
        }
    )
    market = open_market(f"recording:{folder}")
    assert list(market.rules) == ["BTCUSDT"]
    assert market.interval_ms == MINUTE_MS
    for told in (
        "ADAUSDT: other intervals only",
        "BTCUSDT-SPOT-x_1m: spot",
        "BTCUSDT-x_1m: a window of its own",
    ):
        assert told in market.description


def test_interval_and_window_can_be_asked_for(recording: Recording) -> None:
    """The spec may name another interval or a separate window."""
    coarse = bars(interval_ms=5 * MINUTE_MS)
    folder = recording({"BTCUSDT_1m": bars(), "ADAUSDT_5m": coarse, "ETHUSDT-crash_5m": coarse})
    assert list(open_market(f"recording:{folder}?interval=5m").rules) == ["ADAUSDT"]
    assert list(open_market(f"recording:{folder}?window=crash").rules) == ["ETHUSDT"]


def test_unknown_symbols_get_rules_from_their_prices(recording: Recording) -> None:
    """A symbol outside the table has the tick and step that its own figures need."""
    rules = open_market(f"recording:{recording({'NEWUSDT_1m': bars()})}").rules["NEWUSDT"]
    assert (rules.base, rules.tick_size, rules.step_size) == ("NEW", Decimal("0.01"), Decimal("0.1"))


def test_older_ticks_are_inferred(recording: Recording) -> None:
    """Prices recorded on a finer tick than today's keep it (BTCUSDT had 0.01 in 2021, and has 0.1)."""
    rules = open_market(f"recording:{recording({'BTCUSDT_1m': bars()})}").rules["BTCUSDT"]
    assert rules.tick_size == Decimal("0.01")
    assert rules.min_notional == Decimal(100)


def test_stray_prices_are_put_on_the_tick(recording: Recording) -> None:
    """A lone price off the tick does not change the symbol's tick; it is rounded."""
    market = open_market(f"recording:{recording({'ETHUSDT_1m': spoiled('high', 3, 100.333)})}")
    assert market.rules["ETHUSDT"].tick_size == Decimal("0.01")
    assert market.history("ETHUSDT", START_MS + 4 * MINUTE_MS, 1)[0].high == Decimal("100.33")


def test_outages_are_kept(recording: Recording) -> None:
    """A bar without volume is a venue outage: it is played, and nothing trades in it."""
    columns = spoiled("volume", 505, 0)
    market = open_market(f"recording:{recording({'BTCUSDT_1m': columns})}")
    played = market.next_bars(START_MS + 505 * MINUTE_MS)
    assert played is not None
    assert played["BTCUSDT"].volume == 0
    assert market.path(played["BTCUSDT"], "BTCUSDT") == ()


def test_funding_is_served_by_half_open_range(recording: Recording) -> None:
    """Settlements lie on full hours although the venue stamps them late; the range excludes its end."""
    hour = 3_600_000
    midnight = START_MS - START_MS % (24 * hour)
    funding = {"BTCUSDT": {"ts": [midnight, midnight + 8 * hour + 7], "rate": [0.0001, -0.00002831]}}
    market = open_market(f"recording:{recording({'BTCUSDT_1m': bars()}, funding)}")
    assert market.funding("BTCUSDT", midnight, midnight + 8 * hour) == [(midnight, Decimal("0.0001"))]
    assert market.funding("BTCUSDT", midnight + 1, midnight + 8 * hour + 1) == [
        (midnight + 8 * hour, Decimal("-0.00002831"))
    ]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (spoiled("ts", 10, START_MS + 9 * MINUTE_MS), "row 11 (2025-04-30 08:09): the bar is a duplicate"),
        (spoiled("ts", 10, START_MS), "row 11 (2025-04-30 08:00): the bar is older"),
        (without_rows(20, 23), "row 20 (2025-04-30 08:19): 3 bars are missing after it (1 gaps in all)"),
        (
            spoiled("ts", 5, START_MS + 5 * MINUTE_MS + 1),
            "row 6 (2025-04-30 08:05): the bar does not open on",
        ),
        (spoiled("ts", 0, START_MS // 1000), "row 1 (ts 1746000000): the time is not in UTC milliseconds"),
        (spoiled("high", 7, 1.0), "row 8 (2025-04-30 08:07): open or close lies outside"),
        (spoiled("low", 7, 101.0), "row 8 (2025-04-30 08:07): open or close lies outside"),
        (spoiled("low", 7, -1.0), "a price is not positive"),
        (spoiled("volume", 7, -1.0), "the volume is negative"),
        (spoiled("close", 7, float("nan")), "missing or not a number"),
        ({name: values for name, values in bars().items() if name != "low"}, "has no column 'low'"),
        (bars() | {"open": ["1"] * 520}, "column open is string, expected double"),
        (bars() | {"open": [None, *[1.0] * 519]}, "column open has 1 empty cells"),
        (bars(400), "before the market can start"),
    ],
)
def test_impossible_bars_are_refused(recording: Recording, columns: Columns, told: str) -> None:
    """The first bar that cannot be true is refused with file, place and cure."""
    folder = recording({"BTCUSDT_1m": columns})
    with pytest.raises(MarketDataError) as refusal:
        open_market(f"recording:{folder}")
    assert told in str(refusal.value)
    assert "; " in str(refusal.value)


def test_broken_files_are_refused(recording: Recording) -> None:
    """A truncated Parquet file is refused with its name."""
    folder = recording({"BTCUSDT_1m": bars()})
    path = folder / "ohlcv" / "BTCUSDT_1m.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(MarketDataError, match=r"BTCUSDT_1m\.parquet cannot be read"):
        open_market(f"recording:{folder}")


@pytest.mark.parametrize("spec", ["recording:/nowhere", "csv:/nowhere"])
def test_missing_folders_are_refused(spec: str) -> None:
    """A folder that is not there is named."""
    with pytest.raises(MarketDataError, match="/nowhere is not a folder"):
        open_market(spec)


def test_funding_out_of_order_is_refused(recording: Recording) -> None:
    """Two settlements in one hour cannot be."""
    funding = {"BTCUSDT": {"ts": [START_MS, START_MS + 5], "rate": [0.1, 0.1]}}
    with pytest.raises(MarketDataError, match=r"BTCUSDT\.parquet, row 2"):
        open_market(f"recording:{recording({'BTCUSDT_1m': bars()}, funding)}")


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("recordng:x", "did you mean 'recording'"),
        ("recording:", "names no folder"),
        ("recording:x?interva=5m", "option 'interva=5m' is not known"),
        ("simulated:seed=x", "write simulated:seed=N"),
    ],
)
def test_specs_that_mean_nothing_are_refused(spec: str, told: str) -> None:
    """A market name with a mistake gets a sentence with the cure."""
    with pytest.raises(MarketDataError) as refusal:
        open_market(spec)
    assert told in str(refusal.value)


def test_unknown_symbol_is_refused_with_a_suggestion(recording: Recording) -> None:
    """Asking for a symbol that was not recorded names those that were."""
    with pytest.raises(MarketDataError, match="did you mean BTCUSDT"):
        open_market(f"recording:{recording({'BTCUSDT_1m': bars()})}", symbols=["BTCUSD"])


def test_real_recording_loads_fast(paths: Paths) -> None:
    """The demo recording of eight symbols and 345,000 bars opens within 1.5 s, on the tick, with funding."""
    began = time.process_time()
    market = open_market(f"recording:{paths.shared('data', 'demo')}")
    assert time.process_time() - began < 1.5
    assert len(market.rules) == 8
    assert market.description.startswith("recording demo, 8 symbols, 1m, from 2025-05-04 23:58")
    for symbol, rules in market.rules.items():
        bar = market.history(symbol, market.start_ms, 1)[0]
        assert bar.close % rules.tick_size == 0
        assert market.funding(symbol, market.start_ms, market.start_ms + 86_400_000)
