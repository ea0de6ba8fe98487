"""Rows that an outsider writes into the history: what no writer of the system would."""

from __future__ import annotations

from datetime import UTC, datetime

from plugins.drills.place import SYMBOLS, Outside, free_symbols, history, rows, venue_of, write

POISON, GHOST = "poison-", "ghost-"
SIGNAL = "INSERT INTO signals (id, symbol, view, confidence, source, price, made_at, market_at, expires_at, features"


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
