"""Outsiders' judges: each returns what is wrong at this moment, in sentences; none when nothing is."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from plugins.drills.order_harm import judged_symbol
from plugins.drills.place import Outside, free_symbols, history, outcome_of, rows, venue_of, wished
from plugins.drills.protection import covers

NO_PROOF = frozenset(
    {
        "neutral",
        "blocked_position_held",
        "blocked_opposite_held",
        "blocked_cooldown",
        "blocked_slots_full",
        "blocked_size",
        "blocked_churn",
        "blocked_trend",
        "blocked_confidence",
        "limit_unfilled",
    }
)
"""Outcomes that say nothing about whether entries are refused because of a fault."""


REAL = "view IN ('long', 'short', 'neutral')"
"""Rows of the table that are signals."""


def entries_refused(outside: Outside, symbol: str = "", code: str = "") -> list[str]:
    """A signal for an entry that is wished for now ends without an order, for a reason that protects."""
    ended, outcome = _tried(outside, "refused", symbol)
    if not ended:
        return ["no signal has ended yet"]
    if outcome == "filled" or outcome in NO_PROOF or (code and outcome != code):
        outside.memory.pop("refused")
        return [f"a signal ended as {outcome}"]
    return []


def entries_pass(outside: Outside) -> list[str]:
    """A signal for an entry is carried out."""
    ended, outcome = _tried(outside, "passed", "")
    if not ended:
        return ["no signal has ended yet"]
    if outcome != "filled":
        outside.memory.pop("passed")
        return [f"a signal ended as {outcome}"]
    return []


def _tried(outside: Outside, name: str, symbol: str) -> tuple[bool, str]:
    """The outcome of the signal that was wished for under a name; wished for when there is none."""
    if name not in outside.memory:
        free = free_symbols(outside)
        outside.memory[name] = wished(outside, symbol or free[outside.memory.get("wishes", 0) % len(free)], "long")
    outcome = outcome_of(outside, outside.memory[name])
    return bool(outcome), outcome


def exits_pass(outside: Outside, symbol: str) -> list[str]:
    """A signal that takes the view back closes the position, whatever else is wrong."""
    done = "SELECT count(*) FROM intents WHERE symbol = ? AND purpose = 'exit' AND state = 'filled'"
    if rows(outside.home / "exchange.db", done, symbol)[0][0]:  # the venue may be what does not answer
        return []
    if "exit" not in outside.memory or outcome_of(outside, outside.memory["exit"]):
        outside.memory["exit"] = wished(outside, symbol, "neutral")
    return [f"{symbol} is still open"]


def signals_ended(outside: Outside) -> list[str]:
    """Every signal that was wished for has ended, as `filled` exactly where the venue filled it."""
    open_ones = rows(history(outside), f"SELECT id FROM signals WHERE {REAL} AND COALESCE(outcome_code, '') = ''")  # noqa: S608
    if open_ones:
        return [f"{len(open_ones)} signals have no outcome, such as {open_ones[0][0]}"]
    venue = venue_of(outside)
    symbols = {
        row[0] for row in rows(history(outside), "SELECT DISTINCT symbol FROM signals WHERE source = 'rsi_rule'")
    }
    return [one for symbol in sorted(symbols) for one in judged_symbol(venue, outside.home, symbol).lost]


def flat(outside: Outside, symbol: str) -> list[str]:
    """Nothing is held in the symbol."""
    amount = venue_of(outside).positions().get(symbol)
    return [f"{symbol} {amount} is still open"] if amount else []


def covered(outside: Outside, symbol: str) -> list[str]:
    """The symbol is flat, or a live stop closes all of it."""
    venue = venue_of(outside)
    amount = venue.positions().get(symbol)
    if amount is None or any(covers(order, amount) for order in venue.stops(symbol)):
        return []
    return [f"{symbol} {amount} has no stop that would close it"]


def stops_kept(outside: Outside) -> list[str]:
    """Every position of the account has its stop."""
    return [one for symbol in sorted(venue_of(outside).positions()) for one in covered(outside, symbol)]


def not_taken_for_filled(outside: Outside) -> list[str]:
    """No order counts as filled without a quantity and a price, and no signal without an order that was executed."""
    found = rows(
        outside.home / "exchange.db", "SELECT id, filled_quantity, average_price FROM intents WHERE state = 'filled'"
    )
    return [
        f"{name} counts as filled with {quantity} at {price}"
        for name, quantity, price in found
        if not Decimal(quantity) or not price or not Decimal(price)
    ]


def odd_artefact_silent(outside: Outside, member: str) -> list[str]:
    """The artefact that is not what it seems does not vote: another is champion, or the member has no vote."""
    pointers = json.loads((outside.home / "artefacts" / member / "pointers.json").read_text())
    said = str(_facts(outside, "models").get(member, "nothing"))
    if pointers["champion"] != outside.memory["odd"] or not said.startswith("voted"):
        return []
    return [f"{member}: {said}"]


def source_stopped(outside: Outside) -> list[str]:
    """Entries from the source are stopped by the word of the one who judges sources."""
    return entries_refused(outside, code="blocked_model")


def no_ghosts(outside: Outside) -> list[str]:
    """No open position is stored that the venue does not hold."""
    held = venue_of(outside).positions()
    stored = rows(history(outside), "SELECT id, symbol FROM positions WHERE exit_price IS NULL AND quantity != '0'")
    return [f"{name} is stored as open, and {symbol} is not held" for name, symbol in stored if symbol not in held]


def rows_as_venue(outside: Outside) -> list[str]:
    """Side and quantity of the stored open positions are those of the venue."""
    held = venue_of(outside).positions()
    stored = {
        symbol: Decimal(quantity) * (1 if side == "long" else -1)
        for symbol, side, quantity in rows(
            history(outside),
            "SELECT symbol, side, quantity FROM positions WHERE exit_price IS NULL AND quantity != '0'",
        )
    }
    symbols = sorted(held.keys() | stored.keys())
    return [f"{s}: stored {stored.get(s)}, held {held.get(s)}" for s in symbols if stored.get(s) != held.get(s)]


def told(outside: Outside, code: str) -> list[str]:
    """Whoever is to be told has been told of the finding."""
    path = outside.home / "data" / "notify" / "told.json"
    said = path.read_text() if path.exists() else ""
    return [] if code in said else [f"nobody was told of {code}"]


def _facts(outside: Outside, plugin: str) -> dict[str, Any]:
    path = outside.home / "state" / f"{plugin}.json"
    try:
        facts: dict[str, Any] = json.loads(path.read_text())["facts"]
    except (OSError, ValueError, KeyError):
        return {}
    return facts
