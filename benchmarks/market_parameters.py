"""Prints the figures that the simulated market reproduces, measured on recordings, and beside them the simulator's own.

    python benchmarks/market_parameters.py [--data ../shared/data] [--seeds 4] [--days 30]

Windows: 1m bars of demo/ (2025-05-04..06-03) and train/ (2025-01-27..02-26, with the crash of 3 February), and
5m bars of demo/ (2025-03-06..04-13) for LTCUSDT, which has no 1m bars there. LAYERUSDT is left out: its fall of
54 % in that month is an event, not a habit.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyarrow import parquet

from plugins.paper_exchange.market import measured
from plugins.paper_exchange.market.rules import KNOWN_RULES
from plugins.paper_exchange.market.simulated import SimulatedMarket
from plugins.paper_exchange.market.simulation import DAY_BARS, bars_of, first_state, moves_of

Floats = NDArray[np.float64]

WINDOWS = {
    "demo 1m": ("demo", "1m", ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BNBUSDT", "LINKUSDT", "SUIUSDT")),
    "train 1m": (
        *("train", "1m"),
        ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BNBUSDT", "ADAUSDT", "DOGEUSDT", "TRXUSDT", "TONUSDT"),
    ),
    "demo 5m": ("demo", "5m", ("BTCUSDT", "ETHUSDT", "BNBUSDT", "ADAUSDT", "LINKUSDT", "BCHUSDT", "LTCUSDT")),
}


@dataclass(frozen=True)
class Window:
    """Bars of several symbols over one stretch of time, each array (symbols, bars)."""

    symbols: tuple[str, ...]
    open_ms: NDArray[np.int64]
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @property
    def returns(self) -> Floats:
        return np.diff(np.log(self.close), axis=1)


def recorded(data: Path, split: str, interval: str, symbols: tuple[str, ...]) -> Window:
    tables = [parquet.read_table(data / split / "ohlcv" / f"{symbol}_{interval}.parquet") for symbol in symbols]
    times = [table["ts"].to_numpy() for table in tables]
    common = sorted(set.intersection(*(set(one.tolist()) for one in times)))

    def column(name: str) -> Floats:
        rows = [table[name].to_numpy()[np.isin(at, common)] for table, at in zip(tables, times, strict=True)]
        return np.stack(rows)

    return Window(symbols, np.array(common), *(column(name) for name in ("high", "low", "close", "volume")))


def simulated(seed: int, days: int) -> Window:
    state, prices, volumes = first_state(seed), [], []
    for day in range(days):
        moves = moves_of(seed, day, state)
        ticks, steps = bars_of(seed, day, moves)
        prices.append(ticks)
        volumes.append(steps)
        state = moves.after
    rules = [KNOWN_RULES[one.symbol] for one in measured.SYMBOLS]
    money = np.concatenate(prices) * np.array([float(one.tick_size) for one in rules])[:, np.newaxis]
    volume = np.concatenate(volumes) * np.array([float(one.step_size) for one in rules])
    times = SimulatedMarket(seed).first_ms + np.arange(days * DAY_BARS) * 60_000
    symbols = tuple(one.symbol for one in measured.SYMBOLS)
    return Window(symbols, times, money[..., 1].T, money[..., 2].T, money[..., 3].T, volume.T)


def kurtosis(values: Floats) -> float:
    centred = values - values.mean()
    return float((centred**4).mean() / (centred**2).mean() ** 2)


def memory(values: Floats, lag: int) -> float:
    centred = values - values.mean()
    return float((centred[lag:] * centred[:-lag]).mean() / (centred**2).mean())


def summed(values: Floats, bars: int) -> Floats:
    whole = len(values) // bars * bars
    return values[:whole].reshape(-1, bars).sum(axis=1)


def surprises(values: Floats) -> Floats:
    """Each move in units of the root mean square of the sixty before it."""
    squares = np.concatenate(([0.0], np.cumsum(values**2)))
    before = np.sqrt((squares[60:-1] - squares[:-61]) / 60)
    return np.abs(values[60:][before > 0]) / before[before > 0]


def loadings(returns: Floats) -> Floats:
    """Correlation of each symbol with the one factor: principal-axis factoring of the correlation matrix."""
    correlation = np.corrcoef(returns)
    shared = np.ones(len(returns))
    for _ in range(200):
        reduced = correlation.copy()
        np.fill_diagonal(reduced, shared)
        values, vectors = np.linalg.eigh(reduced)
        shared = vectors[:, -1] ** 2 * values[-1]
    return np.sqrt(shared)


def habits(window: Window) -> dict[str, float]:
    """What a window looks like; the median over its symbols."""
    rows = [_habits_of(window, index) for index in range(len(window.symbols))]
    middle = {name: float(np.median([row[name] for row in rows])) for name in rows[0]}
    pairs = [np.corrcoef(window.returns[list(pair)])[0, 1] for pair in combinations(range(len(window.symbols)), 2)]
    return {"mean correlation": float(np.mean(pairs)), **middle}


def _habits_of(window: Window, index: int) -> dict[str, float]:
    moves = window.returns[index]
    sizes, far = np.abs(moves), surprises(moves)
    ranges = np.log(window.high[index] / window.low[index])[1:]
    volume = window.volume[index][1:]
    traded = (ranges > 0) & (volume > 0)
    elasticity, level = np.polyfit(np.log(ranges[traded]), np.log(volume[traded]), 1)
    left = np.log(volume[traded]) - level - elasticity * np.log(ranges[traded])
    return {
        "kurtosis 1m": kurtosis(moves),
        "kurtosis 15m": kurtosis(summed(moves, 15)),
        "kurtosis 60m": kurtosis(summed(moves, 60)),
        **{f"memory of |r|, lag {lag}": memory(sizes, lag) for lag in (1, 5, 30, 120, 720)},
        "memory of r, lag 1": memory(moves, 1),
        "moves > 6 local σ, per 10,000": float((far > 6).mean() * 1e4),
        "their mean size, local σ": float(far[far > 6].mean()),
        "mean range / mean |r|": float(ranges.mean() / sizes.mean()),
        "mean range / σ": float(ranges.mean() / moves.std()),
        "elasticity of volume on range": float(elasticity),
        "σ of log volume left": float(left.std()),
        "volume σ / mean": float(volume.std() / volume.mean()),
    }


def print_symbols(windows: dict[str, Window]) -> None:
    """σ relative to BTCUSDT and loading are means over the windows; σ of BTCUSDT is that of the 1m windows."""
    bitcoin = np.sqrt(np.mean([_sigma(windows[name], "BTCUSDT") ** 2 for name in ("demo 1m", "train 1m")]))
    print(f"{'symbol':10} {'price':>10} {'σ 1m':>9} {'loading':>8} {'USDT/min':>11}")
    for one in measured.SYMBOLS:
        held = [
            window for name, window in windows.items() if one.symbol in window.symbols and _counts(name, one.symbol)
        ]
        ratio = np.mean([_sigma(window, one.symbol) / _sigma(window, "BTCUSDT") for window in held])
        loading = np.mean([loadings(window.returns)[window.symbols.index(one.symbol)] for window in held])
        newest = max(held, key=lambda window: int(window.open_ms[-1]))
        index = newest.symbols.index(one.symbol)
        turnover = np.mean([_turnover_per_minute(window, one.symbol) for window in held])
        print(f"{one.symbol:10} {newest.close[index][-1]:10g} {bitcoin * ratio:9.2e} {loading:8.2f} {turnover:11.0f}")


def _counts(name: str, symbol: str) -> bool:
    return name != "demo 5m" or symbol == "LTCUSDT"


def _sigma(window: Window, symbol: str) -> float:
    return float(window.returns[window.symbols.index(symbol)].std())


def _turnover_per_minute(window: Window, symbol: str) -> float:
    index = window.symbols.index(symbol)
    minutes = (window.open_ms[1] - window.open_ms[0]) / 60_000
    return float((window.volume[index] * window.close[index]).mean() / minutes)


def print_hours(windows: dict[str, Window]) -> None:
    """Root mean square of moves by UTC hour, relative to the day's; moves cut at 5 σ so that no crash decides."""
    profiles = []
    for name in ("demo 1m", "train 1m"):
        moves = windows[name].returns
        scaled = np.clip(moves / moves.std(axis=1, keepdims=True), -5, 5) ** 2
        hours = windows[name].open_ms[1:] // 3_600_000 % 24
        profiles.append([scaled[:, hours == hour].mean() / scaled.mean() for hour in range(24)])
    print("hour scale", ", ".join(f"{value:.2f}" for value in np.sqrt(np.mean(profiles, axis=0))))


def print_funding(data: Path) -> None:
    rows = []
    for symbol in (one.symbol for one in measured.SYMBOLS):
        path = data / "demo" / "funding" / f"{symbol}.parquet"
        if path.exists():
            rates = parquet.read_table(path)["rate"].to_numpy()
            rows.append((rates.mean(), rates.std(), memory(rates, 1), np.isclose(rates, 1e-4).mean(), rates.min()))
    mean, deviation, lag, capped, least = np.mean(rows, axis=0)
    print(f"funding, {len(rows)} symbols of demo/: mean {mean:.1e}, σ {deviation:.1e}, memory {lag:.2f}, "
          f"at the 1e-4 ceiling {capped:.0%}, least (mean) {least:.1e}")  # fmt: skip


def print_habits(columns: dict[str, dict[str, float]]) -> None:
    print(f"{'':31}", *(f"{name:>10}" for name in columns))
    for label in next(iter(columns.values())):
        print(f"{label:31}", *(f"{column[label]:10.2f}" for column in columns.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--days", type=int, default=30)
    asked = parser.parse_args()
    windows = {name: recorded(asked.data, *where) for name, where in WINDOWS.items()}
    print_symbols(windows)
    print_hours(windows)
    print_funding(asked.data)
    columns = {name: habits(windows[name]) for name in ("demo 1m", "train 1m")}
    columns |= {f"seed {seed}": habits(simulated(seed, asked.days)) for seed in range(1, asked.seeds + 1)}
    print_habits(columns)


if __name__ == "__main__":
    main()
