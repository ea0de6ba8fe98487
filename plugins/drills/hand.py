"""An outsider's hand: signals wished for, and orders sent on the account past everybody."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from functools import partial

from plugins.drills.place import (
    SYMBOLS,
    NotDoneError,
    Outside,
    free_symbols,
    outcome_of,
    until,
    venue_of,
    wished,
    write_wishes,
)

OPEN_S = 40.0
TRY_S = 10.0
PAUSE_S = 0.3
MINUTE_MS = 60_000
PAST_BARS, HORIZON_BARS = 900, 25
"""Market minutes looked back, and between two signals that are no proof of the same thing."""
FOREIGN = "hand-"
"""How the names of orders begin that the outsider sends."""


def note_prices(outside: Outside) -> None:
    """Remember all prices, for signals that are wished for while the venue tells none."""
    venue = venue_of(outside)
    outside.memory["prices"] = {symbol: venue.last_price(symbol) for symbol in SYMBOLS}


def wish(outside: Outside, count: int = 1, symbols: Sequence[str] = SYMBOLS, view: str = "long") -> None:
    """Publish signals, one after the other over the symbols; what becomes of them is not waited for."""
    names = outside.memory.setdefault("wished", [])
    venue = venue_of(outside)
    prices = {symbol: venue.last_price(symbol) for symbol in symbols}
    for number in range(count):
        symbol = symbols[number % len(symbols)]
        names.append(wished(outside, symbol, view, prices[symbol]))


def past_signals(outside: Outside, short_share: float = 0.5, confidence: str = "") -> None:
    """Signals about candles whose future is over, one a horizon and symbol, each at the close of its candle."""
    venue, draw = venue_of(outside), random.Random(1)  # noqa: S311 - the same signals in every run
    began_ms = venue.market_ms() - PAST_BARS * MINUTE_MS
    lines = []
    for symbol in SYMBOLS:
        for candle in venue.candles(symbol, began_ms, limit=PAST_BARS - HORIZON_BARS)[::HORIZON_BARS]:
            line = {
                "id": f"past-{symbol}-{candle[0]}",
                "symbol": symbol,
                "view": "short" if draw.random() < short_share else "long",
                "valid_s": 60,
                "price": candle[4],
                "at_ms": int(candle[6]) + 1,
                "confidence": confidence or f"{draw.uniform(0.551, 0.649):.4f}",
            }
            lines.append(line)
    write_wishes(outside, lines)


def open_positions(outside: Outside, count: int = 1, symbols: Sequence[str] = (), view: str = "long") -> None:
    """Have positions opened by signals, in the ordinary way. Raises NotDoneError."""
    for symbol in symbols:
        _opened(outside, (symbol,), view)
    for _ in range(0 if symbols else count):
        _opened(outside, free_symbols(outside), view)


def _opened(outside: Outside, symbols: Sequence[str], view: str) -> None:
    venue, deadline, tried = venue_of(outside), time.monotonic() + OPEN_S, 0
    said = ""
    while time.monotonic() < deadline:
        symbol = symbols[tried % len(symbols)]
        tried += 1
        name = wished(outside, symbol, view)
        try:
            until(partial(outcome_of, outside, name), f"the outcome of {name}", TRY_S)
        except NotDoneError as error:
            said = str(error)
            continue
        said = outcome_of(outside, name)
        if symbol in venue.positions():
            outside.memory.setdefault("opened", set()).add(symbol)
            return
        time.sleep(PAUSE_S)
    raise NotDoneError(f"no {view} position in {' or '.join(symbols)} was opened within {OPEN_S:g} s: {said}")


def cancel_stops(outside: Outside, symbol: str) -> None:
    """Take every stop of a symbol away at the venue."""
    venue = venue_of(outside)
    for order in venue.stops(symbol):
        venue.signed("/fapi/v1/algoOrder", method="DELETE", symbol=symbol, algoId=order["algoId"])


def swap_stop(outside: Outside, symbol: str) -> None:
    """In the place of the stops of a symbol, one that would make the position larger instead of closing it."""
    venue = venue_of(outside)
    amount = venue.positions()[symbol]
    trigger = next(order["triggerPrice"] for order in venue.stops(symbol))
    price, distance = float(venue.last_price(symbol)), abs(float(trigger) / float(venue.last_price(symbol)) - 1)
    wrong = price * (1 + distance if amount > 0 else 1 - distance)
    cancel_stops(outside, symbol)
    venue.signed(
        "/fapi/v1/algoOrder",
        method="POST",
        algoType="CONDITIONAL",
        symbol=symbol,
        side="BUY" if amount > 0 else "SELL",
        type="STOP_MARKET",
        quantity=abs(amount),
        triggerPrice=_rounded(wrong, trigger),
        clientAlgoId=f"{FOREIGN}{time.monotonic_ns()}",
    )


def remove_foreign(outside: Outside, symbol: str) -> None:
    """Take away the outsider's own conditional orders."""
    venue = venue_of(outside)
    for order in venue.stops(symbol):
        if str(order["clientAlgoId"]).startswith(FOREIGN):
            venue.signed("/fapi/v1/algoOrder", method="DELETE", symbol=symbol, algoId=order["algoId"])


def turn_over(outside: Outside, symbol: str) -> None:
    """A "close" of twice the position without reduceOnly, as from a queue that lost the flag."""
    venue = venue_of(outside)
    amount = venue.positions()[symbol]
    venue.signed(
        "/fapi/v1/order",
        method="POST",
        symbol=symbol,
        side="SELL" if amount > 0 else "BUY",
        type="MARKET",
        quantity=2 * abs(amount),
        newClientOrderId=f"{FOREIGN}{time.monotonic_ns()}",
    )


def _rounded(price: float, like: str) -> str:
    """With as many decimals as another price has, without trailing zeros."""
    decimals = len(like.rstrip("0").partition(".")[2])
    return f"{price:.{decimals}f}"
