"""Rows that an outsider writes into the history: what no writer of the system would."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

from plugins.drills.place import SYMBOLS, Outside, free_symbols, history, rows, venue_of, write

POISON, PAST, GHOST = "poison-", "past-", "ghost-"
SIGNAL = "INSERT INTO signals (id, symbol, view, confidence, source, price, made_at, market_at, expires_at, features"
ENDED = ", outcome_code, outcome_sentence, outcome_at"
CANDLES = 90
LEAST_BARS_AGO = 30
"""Signals of the past are so old that their fate is known."""


def poison_signals(outside: Outside, count: int) -> None:
    """Rows without what a signal must have: no view that exists, no confidence, no source."""
    now = _text(datetime.now(UTC))
    values = [
        (f"{POISON}{number}", SYMBOLS[number % len(SYMBOLS)], "skip", "none", "SKIP", "0", now, now, now, "not json")
        for number in range(count)
    ]
    write(history(outside), f"{SIGNAL}) VALUES (?,?,?,?,?,?,?,?,?,?)", values)


def remove_poison(outside: Outside) -> None:
    """Take them away again."""
    _remove(outside, "signals", POISON)


def past_signals(outside: Outside, count: int, short_share: float = 0.5, confidence: str = "") -> None:
    """Signals of the last hour and a half, at the closes of the venue's candles, each ended by a threshold."""
    venue, draw = venue_of(outside), random.Random(1)  # noqa: S311 - the same rows in every run
    at_ms = venue.market_ms()
    values = []
    for symbol in SYMBOLS:
        for candle in venue.candles(symbol, at_ms - CANDLES * 60_000, limit=CANDLES - LEAST_BARS_AGO):
            view = "short" if draw.random() < short_share else "long"
            said = confidence or f"{draw.uniform(0.45, 0.65):.4f}"
            closed = datetime.fromtimestamp((int(candle[6]) + 1) / 1000, UTC)
            made, over = _text(datetime.now(UTC)), _text(closed + timedelta(minutes=2))
            name = f"{PAST}{symbol}-{candle[0]}"
            row = (name, symbol, view, said, "rsi_rule", candle[4], made, _text(closed), over, json.dumps({}))
            values.append((*row, "blocked_confidence", "it was below the threshold", made))
    chosen = draw.sample(values, min(count, len(values)))
    write(history(outside), f"{SIGNAL}{ENDED}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", chosen)


def remove_past(outside: Outside) -> None:
    """Take them away again."""
    _remove(outside, "signals", PAST)


def ghost_positions(outside: Outside, count: int) -> None:
    """Open positions that nobody holds, one in each of some free symbols."""
    now, venue = _text(datetime.now(UTC)), venue_of(outside)
    columns = "id, symbol, side, quantity, entered, entry_price, gross_pnl, fees, fills, first_order_id, last_order_id"
    times = "opened_at, opened_market_at, updated_at, updated_market_at"
    values = [
        (
            f"{GHOST}{symbol}",
            symbol,
            "long",
            "1",
            "1",
            venue.last_price(symbol),
            "0",
            "0",
            1,
            "0",
            "0",
            now,
            now,
            now,
            now,
        )
        for symbol in free_symbols(outside)[:count]
    ]
    marks = ",".join("?" * 15)
    write(history(outside), f"INSERT INTO positions ({columns}, {times}) VALUES ({marks})", values)  # noqa: S608


def turn_side(outside: Outside, symbol: str) -> None:
    """The side of the stored open position becomes the other one."""
    side = "CASE side WHEN 'long' THEN 'short' ELSE 'long' END"
    found = rows(history(outside), "SELECT id FROM positions WHERE symbol = ? AND exit_price IS NULL", symbol)
    write(history(outside), f"UPDATE positions SET side = {side} WHERE id = ?", [(name,) for (name,) in found])  # noqa: S608


def _remove(outside: Outside, table: str, prefix: str) -> None:
    write(history(outside), f"DELETE FROM {table} WHERE id LIKE ?", [(f"{prefix}%",)])  # noqa: S608 - two constants


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
