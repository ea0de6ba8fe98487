"""Judges the orders of a symbol by the venue's own lists and the two files; knows nothing of the code that trades."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from plugins.drills.outside import PAGE, Row, Unreadable, Venue, read_rows
from plugins.drills.protection import covers

OURS = "qt-"
DOUBTFUL = ("sent", "unknown")


@dataclass
class Harm:
    """What is wrong, in sentences, by what it means."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        return bool(self.lost or self.doubled or self.bare)

    def sentences(self) -> list[str]:
        """All of it."""
        return [
            f"{name}: {one}"
            for name, found in (("LOST", self.lost), ("DOUBLED", self.doubled), ("BARE", self.bare))
            for one in found
        ]


def asked(path: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of a file that somebody else writes; none while it is not there or being rebuilt."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1)) as connection:
            return connection.execute(statement, values).fetchall()
    except sqlite3.OperationalError:
        return []


def orders_of(venue: Venue, symbol: str) -> list[Row]:
    """Every plain order of a symbol."""
    found: dict[int, Row] = {}
    while True:
        rows = venue.signed("/fapi/v1/allOrders", symbol=symbol, orderId=max(found) if found else 1, limit=PAGE)
        fresh = {int(row["orderId"]): row for row in rows if int(row["orderId"]) not in found}
        found |= fresh
        if len(rows) < PAGE or not fresh:
            return list(found.values())


def judged_symbol(venue: Venue, home: Path, symbol: str) -> Harm:
    """Everything that can be wrong with one symbol now that nothing is under way."""
    intents = {row["id"]: row for row in read_rows(home / "exchange.db", "intents") if row["symbol"] == symbol}
    signals = [row for row in read_rows(home / "quantum.db", "signals") if row["symbol"] == symbol]
    orders, algos = orders_of(venue, symbol), venue.conditional_orders(symbol)
    harm = Harm()
    _named(harm, intents, orders, algos)
    _believed(harm, intents, orders)
    _ended(harm, intents, signals, orders)
    _covered(harm, venue, symbol)
    return harm


def _named(harm: Harm, intents: dict[str, Row], orders: list[Row], algos: list[Row]) -> None:
    """Each order at the venue has its durable intent, and no intent has two."""
    by_id: defaultdict[str, list[Row]] = defaultdict(list)
    for row in orders:
        by_id[row["clientOrderId"]].append(row)
    for row in algos:
        by_id[row["clientAlgoId"]].append(row)
    for client_id, rows in by_id.items():
        if client_id.startswith(OURS) and client_id not in intents:
            harm.lost.append(f"the venue has {client_id}, exchange.db has no intent of it")
        if client_id.startswith(OURS) and len(rows) > 1:
            harm.doubled.append(f"{len(rows)} orders at the venue are called {client_id}")


def _believed(harm: Harm, intents: dict[str, Row], orders: list[Row]) -> None:
    """What exchange.db believes of an order is what the venue executed; nothing is in doubt for ever."""
    executed = {row["clientOrderId"]: Decimal(row["executedQty"]) for row in orders}
    for one in intents.values():
        if one["state"] in DOUBTFUL:
            harm.lost.append(f"nobody knows what became of {one['id']} ({one['purpose']}, {one['state']})")
        if one["purpose"] in ("entry", "exit") and Decimal(one["filled_quantity"]) != executed.get(one["id"], 0):
            told = f"{one['filled_quantity']}, the venue {executed.get(one['id'], 0)}"
            harm.lost.append(f"{one['id']} ({one['purpose']}): exchange.db says {told}")
        if executed.get(one["id"], Decimal()) > Decimal(one["quantity"]) > 0:
            harm.doubled.append(f"{one['id']} wanted {one['quantity']}, the venue executed {executed[one['id']]}")


def _ended(harm: Harm, intents: dict[str, Row], signals: list[Row], orders: list[Row]) -> None:
    """One outcome a signal; `filled` where the venue executed an entry of it and nowhere else; never two entries."""
    executed = {row["clientOrderId"] for row in orders if Decimal(row["executedQty"])}
    entries: defaultdict[str, list[str]] = defaultdict(list)
    for one in intents.values():
        if one["purpose"] == "entry" and one["id"] in executed:
            entries[one["signal_id"]].append(one["id"])
    for signal in signals:
        filled = entries.pop(signal["id"], [])
        if len(filled) > 1:
            harm.doubled.append(f"{signal['id']} was entered as {' and '.join(filled)}")
        if not signal["outcome_code"]:
            harm.lost.append(f"{signal['id']} has no outcome")
        elif (signal["outcome_code"] == "filled") is not bool(filled):
            harm.lost.append(
                f"{signal['id']} ended as {signal['outcome_code']}, the venue filled {filled or 'nothing'}"
            )
    harm.lost += [f"{ids} were filled for {signal_id}, which is no signal" for signal_id, ids in entries.items()]


def _covered(harm: Harm, venue: Venue, symbol: str) -> None:
    amount = venue.positions().get(symbol)
    if amount and not any(covers(one, amount) for one in venue.stops(symbol)):
        still = venue.positions().get(symbol)
        if still and not any(covers(one, still) for one in venue.stops(symbol)):
            harm.bare.append(f"{symbol} {still} has no live stop")


def judged_patiently(venue: Venue, home: Path, symbol: str, wait: Any) -> Harm:
    """The verdict once nothing is wrong, or the last one: `wait` says whether to look again."""
    while True:
        try:
            harm = judged_symbol(venue, home, symbol)
        except Unreadable as error:
            harm = Harm(lost=[str(error)])
        if not harm.any or not wait():
            return harm
