"""A made-up market in which exactly one of 50 symbols gives a signal to enter in each minute, and its stop can stand.

Every symbol walks the same pattern of 50 bars, each a bar behind the one before it: six bars down by 0.22 % each, then
44 bars back up, by 0.03 % a bar with 0.11 % to either side, so that the index stays under 70 on the way.
The index falls below 30 at the last bar down and is above it a bar later. A mark price that is two bars old is then
wrong by less than a quarter of the stop's distance (2 %), and the policy of that minute enters at market.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from plugins.domain import Candle, View
from plugins.models.rsi_rule import RsiRule
from plugins.models.settings import ModelsSettings

SYMBOLS = [f"S{n:02d}USDT" for n in range(50)]
HISTORY = 500
START_MS = 1_735_689_600_000
MINUTE_MS = 60_000

FALLING, FALL, SWING = 6, 0.0022, 0.0011


def pattern() -> list[float]:
    """The closes of one walk; its last is where it began."""
    rising = len(SYMBOLS) - FALLING
    recovery = (1 - FALL) ** (-FALLING / rising)
    closes, price = [], 100.0
    for bar in range(len(SYMBOLS)):
        swing = 1 + SWING if (bar - FALLING) % 2 == 0 else 1 / (1 + SWING)
        price *= 1 - FALL if bar < FALLING else recovery * swing
        closes.append(round(price, 4))
    return closes


def closes_of(number: int, bars: int) -> Iterator[tuple[int, float, float]]:
    """Opening time, first and last price of each bar of a symbol."""
    walk = pattern()
    for bar in range(bars):
        yield START_MS + bar * MINUTE_MS, walk[(bar - number - 1) % len(walk)], walk[(bar - number) % len(walk)]


def write_market(folder: Path, bars: int) -> None:
    """A file for each symbol in the venue's public format."""
    for number, symbol in enumerate(SYMBOLS):
        with (folder / f"{symbol}-1m-2025-01.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            for opened, first, last in closes_of(number, HISTORY + bars):
                figures = [f"{value:.4f}" for value in (first, max(first, last), min(first, last), last)]
                rows.writerow([opened, *figures, "1000", opened + MINUTE_MS - 1, "100000", 10, "500", "50000", 0])


def symbols_to_enter(bars: int) -> dict[int, str]:
    """Whose signal is to be entered, by the minute's end in ms; proven with the rule that ships.

    Raises AssertionError unless each minute has exactly one view that asks for a position.
    """
    found: dict[int, list[str]] = {START_MS + (HISTORY + bar + 1) * MINUTE_MS: [] for bar in range(bars)}
    for number, symbol in enumerate(SYMBOLS):
        rule = RsiRule(ModelsSettings().rsi_rule)
        for opened, first, last in closes_of(number, HISTORY + bars):
            said = rule.add(_candle(symbol, opened, first, last))
            closed = opened + MINUTE_MS
            if said is not None and said.view is not View.NEUTRAL and closed in found:
                found[closed].append(symbol)
    unfit = {closed: symbols for closed, symbols in found.items() if len(symbols) != 1}
    assert not unfit, f"{len(unfit)} minutes do not have exactly one signal, like {next(iter(unfit.items()))}"
    return {closed: symbols[0] for closed, symbols in found.items()}


def _candle(symbol: str, opened_ms: int, first: float, last: float) -> Candle:
    before, after = Decimal(f"{first:.4f}"), Decimal(f"{last:.4f}")
    opened = datetime.fromtimestamp(opened_ms / 1000, UTC)
    closed = opened + timedelta(milliseconds=MINUTE_MS)
    low, high = min(before, after), max(before, after)
    return Candle(symbol, MINUTE_MS // 1000, opened, closed, before, high, low, after, Decimal(1000))
