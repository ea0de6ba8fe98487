"""How long positions were without a live stop, whether stops only tightened, and how old the data of entries was.

Reconstructed from the venue's own records alone: executions, conditional orders with their times, and candles. The
venue stamps them with market time; its newest mark price, asked for twice, says how fast that runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

from plugins.drills.outside import Row, Venue

STOPS = ("STOP_MARKET", "STOP", "TRAILING_STOP_MARKET")
SPEED_SAMPLE_S = 2.0
FOREVER = 10**15
"""Milliseconds after the end of everything."""


@dataclass(frozen=True)
class Guard:
    """A stop from when it was taken until it was triggered, cancelled or otherwise over; market milliseconds."""

    since: int
    until: int
    trigger: Decimal
    buys: bool
    quantity: Decimal | None
    """None for one that closes whatever there is."""

    def covers(self, amount: Decimal) -> bool:
        """Whether it would close the whole of a position of this signed quantity."""
        return self.buys is (amount < 0) and (self.quantity is None or self.quantity >= abs(amount))


@dataclass(frozen=True)
class Stretch:
    """A time during which the signed quantity of a position stayed the same, and where its round trip began."""

    symbol: str
    since: int
    until: int
    amount: Decimal
    opened: int


@dataclass(frozen=True)
class Gap:
    """A time during which a position had no live stop over the whole of it."""

    symbol: str
    since: int
    until: int

    @property
    def market_ms(self) -> int:
        return self.until - self.since


def speed_of(venue: Venue) -> float:
    """Market seconds a real second."""
    began, first = time.monotonic(), venue.market_ms()
    time.sleep(SPEED_SAMPLE_S)
    return (venue.market_ms() - first) / 1000 / (time.monotonic() - began)


def guards_of(rows: Iterable[Row]) -> list[Guard]:
    """The stops among a symbol's conditional orders, in the order in which they were taken."""
    found = [
        Guard(
            since=int(row["createTime"]),
            until=_over(row),
            trigger=Decimal(row["triggerPrice"]),
            buys=row["side"] == "BUY",
            quantity=None if str(row["closePosition"]).lower() == "true" else Decimal(row["quantity"]),
        )
        for row in rows
        if row["orderType"] in STOPS and row["algoStatus"] != "REJECTED"
    ]
    return sorted(found, key=lambda guard: guard.since)


def _over(row: Row) -> int:
    if row["algoStatus"] == "NEW":
        return FOREVER
    return int(row.get("triggerTime") or 0) or int(row["updateTime"])


def stretches_of(symbol: str, trades: Iterable[Row], now: int) -> list[Stretch]:
    """What was held, from execution to execution; executions of one moment count as one."""
    amounts: dict[int, Decimal] = {}
    held = Decimal()
    for row in sorted(trades, key=lambda row: int(row["id"])):
        held += Decimal(row["qty"]) if row["side"] == "BUY" else -Decimal(row["qty"])
        amounts[int(row["time"])] = held
    moments = [*amounts, now]
    found, opened, before = [], 0, Decimal()
    for since, until in pairwise(moments):
        amount = amounts[since]
        if amount and (not before or (amount > 0) is not (before > 0)):
            opened = since
        if amount:
            found.append(Stretch(symbol, since, until, amount, opened))
        before = amount
    return found


def gaps_of(stretch: Stretch, guards: Iterable[Guard]) -> Iterator[Gap]:
    """Where no guard covers a stretch."""
    at = stretch.since
    for guard in guards:
        if not guard.covers(stretch.amount) or guard.until <= at or guard.since >= stretch.until:
            continue
        if guard.since > at:
            yield Gap(stretch.symbol, at, guard.since)
        at = max(at, guard.until)
    if at < stretch.until:
        yield Gap(stretch.symbol, at, stretch.until)


def naked_ms(stretches: Iterable[Stretch], guards: list[Guard]) -> dict[tuple[str, int], int]:
    """The longest gap of each round trip, by symbol and opening time; 0 where there was none."""
    longest: dict[tuple[str, int], int] = {}
    for stretch in stretches:
        key = (stretch.symbol, stretch.opened)
        gaps = [gap.market_ms for gap in gaps_of(stretch, guards)]
        longest[key] = max([longest.get(key, 0), *gaps])
    return longest


def loosened(stretches: Iterable[Stretch], guards: list[Guard]) -> list[str]:
    """Stops that took the place of a nearer one that was still there."""
    found = []
    for stretch in stretches:
        sign = 1 if stretch.amount > 0 else -1
        own = [
            one
            for one in guards
            if one.covers(stretch.amount) and one.since < stretch.until and one.until > stretch.since
        ]
        for old, new in pairwise(own):
            if old.until >= new.since and (new.trigger - old.trigger) * sign < 0 and old.until < FOREVER > new.since:
                found.append(f"{stretch.symbol}: {old.trigger} to {new.trigger}")
    return found


def quantile(values: list[float], share: float) -> float:
    """The value below which this share of all lies; the nearest one that occurred."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def ages_of(signals: Iterable[Row], entered_ms: dict[str, int]) -> list[tuple[str, float]]:
    """By signal: market seconds from the close of its candle to the execution of its entry."""
    return [
        (row["id"], (entered_ms[row["intent_id"]] - _market_ms(row["market_at"])) / 1000)
        for row in signals
        if row["outcome_code"] == "filled" and row["intent_id"] in entered_ms
    ]


def untrue_prices(venue: Venue, signals: Iterable[Row]) -> list[str]:
    """Entries whose price is not the close of the venue's own candle of that moment."""
    wrong = []
    for row in signals:
        if row["outcome_code"] != "filled":
            continue
        closed = _market_ms(row["market_at"])
        candles = venue.candles(row["symbol"], closed - 60_000)
        close = next((Decimal(candle[4]) for candle in candles if int(candle[6]) + 1 == closed), None)
        if close is None or close != Decimal(row["price"]):
            wrong.append(f"{row['symbol']} at {row['market_at']}: {row['price']}, the venue says {close}")
    return wrong


def _market_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def covers(order: Row, amount: Decimal) -> bool:
    """Whether an open algo order is a live stop over the whole of a position of this signed quantity."""
    closing_side = "SELL" if amount > 0 else "BUY"
    is_stop = order["orderType"] in ("STOP_MARKET", "STOP", "TRAILING_STOP_MARKET")
    if not is_stop or order["side"] != closing_side or order["algoStatus"] != "NEW":
        return False
    if str(order["closePosition"]).lower() == "true":
        return True
    return str(order["reduceOnly"]).lower() == "true" and Decimal(order["quantity"]) >= abs(amount)


def bare_positions(venue: Venue) -> tuple[int, list[str]]:
    """Open positions, and those among them that have no stop and are open still when asked again."""
    held = venue.positions()
    uncovered = [symbol for symbol in held if not any(covers(one, held[symbol]) for one in venue.stops(symbol))]
    if not uncovered:
        return len(held), []
    still = venue.positions()
    bare = [symbol for symbol in uncovered if symbol in still]
    return len(held), [symbol for symbol in bare if not any(covers(one, still[symbol]) for one in venue.stops(symbol))]
