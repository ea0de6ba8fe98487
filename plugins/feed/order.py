"""In which order symbols are looked after, and which of them are followed at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

SLACK = 1.25
"""A followed symbol is given up only behind this many times the places there are, so that none flaps at the edge."""


def held_first(symbols: Iterable[str], held: Collection[str]) -> list[str]:
    """Those with an open position before all others; otherwise the order stays."""
    return sorted(symbols, key=lambda symbol: symbol not in held)


def followed(ranked: Sequence[str], now: Collection[str], held: Collection[str], most: int) -> list[str]:
    """Which symbols to follow: the `most` best, those of `now` that are still near, and beside them every held one.

    `ranked` are the symbols that trade, best first; a held symbol takes no place and is kept even when it trades
    no more.
    """
    free = [symbol for symbol in ranked if symbol not in held]
    kept = [symbol for symbol in free[: int(most * SLACK)] if symbol in now][:most]
    fresh = [symbol for symbol in free[:most] if symbol not in kept][: most - len(kept)]
    return [*(symbol for symbol in free if symbol in {*kept, *fresh}), *sorted(held)]
