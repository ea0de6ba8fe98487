"""The last word on a drill: orders lost or doubled, positions without a stop for too long, stops that gave way."""

from __future__ import annotations

import time

from plugins.drills import protection
from plugins.drills.order_harm import judged_patiently
from plugins.drills.outside import Venue
from plugins.drills.place import Outside, rows, venue_of

LONGEST_NAKED_S = 5.0
SETTLE_S = 12.0
LOOK_S = 0.5


def harm(outside: Outside) -> dict[str, list[str]]:
    """By kind, in sentences; from the venue's own lists and the two files."""
    venue = venue_of(outside)
    found: dict[str, list[str]] = {"lost": [], "doubled": [], "naked": [], "loosened": []}
    until = time.monotonic() + SETTLE_S
    for symbol in _symbols(outside, venue):
        one = judged_patiently(venue, outside.home, symbol, lambda: _may_wait(until))
        found["lost"] += one.lost
        found["doubled"] += one.doubled
        found["naked"] += one.bare
    naked, loosened = _protection(venue)
    found["naked"] += naked
    found["loosened"] += loosened
    return found


def _symbols(outside: Outside, venue: Venue) -> list[str]:
    """Every symbol that anybody did anything with; rows that are no signals are somebody else's matter."""
    asked = {row[0] for row in rows(outside.home / "exchange.db", "SELECT DISTINCT symbol FROM intents")}
    return sorted(asked | venue.positions().keys() | {row["symbol"] for row in venue.incomes() if row["symbol"]})


def _protection(venue: Venue) -> tuple[list[str], list[str]]:
    """Positions that were naked for longer than they may be, and stops that moved away."""
    now, speed = venue.market_ms(), protection.speed_of(venue)
    naked, loosened = [], []
    for symbol in sorted({row["symbol"] for row in venue.incomes() if row["symbol"]}):
        guards = protection.guards_of(venue.conditional_orders(symbol))
        stretches = protection.stretches_of(symbol, venue.executions(symbol), now)
        for (name, opened), gap_ms in protection.naked_ms(stretches, guards).items():
            if gap_ms / 1000 / speed > LONGEST_NAKED_S:
                naked.append(f"{name} (opened at {opened}) had no stop for {gap_ms / 1000 / speed:.1f} s")
        loosened += protection.loosened(stretches, guards)
    return naked, loosened


def _may_wait(until: float) -> bool:
    time.sleep(LOOK_S)
    return time.monotonic() < until
