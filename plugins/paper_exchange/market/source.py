"""What the venue asks of a market, and how a market is opened by name.

All times are market time: UTC milliseconds. All prices lie on the symbol's tick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

HISTORY_BARS = 500
"""Bars before `MarketSource.start_ms`: what a model may ask for at the first moment of play."""


class MarketDataError(ValueError):
    """Market data cannot be played; the sentence says which file, what, where and the cure."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One closed bar; `open_ms` is when it opened, `volume` is in the base asset."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True)
class Bracket:
    """One leverage bracket: positions with `floor < notional <= cap` (USDT) need `notional * rate - amount` at least.

    `leverage` is the greatest that they may have; `amount` is what the venue calls `cum`.
    """

    floor: Decimal
    cap: Decimal
    leverage: int
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class SymbolRules:
    """What the venue's exchangeInfo and leverage brackets say of one symbol.

    Without `brackets` a ladder is made from the two figures of the first one (see `brackets.made_ladder`).
    """

    symbol: str
    base: str
    tick_size: Decimal
    step_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    market_max_quantity: Decimal
    min_notional: Decimal
    price_precision: int
    quantity_precision: int
    max_leverage: int
    maintenance_margin_rate: Decimal
    brackets: tuple[Bracket, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One trade: a price point in market time."""

    symbol: str
    at_ms: int
    price: Decimal
    quantity: Decimal


class MarketSource(Protocol):
    """A market that can be played, and played again: the same question always gets the same answer."""

    @property
    def description(self) -> str:
        """One line for screens: kind, symbols, base bar, first moment, what was left out."""
        ...

    @property
    def interval_ms(self) -> int:
        """Length of the base bar."""
        ...

    @property
    def rules(self) -> Mapping[str, SymbolRules]:
        """The tradable symbols, in a stable order."""
        ...

    @property
    def first_ms(self) -> int:
        """When the oldest bar opened that there is."""
        ...

    @property
    def start_ms(self) -> int:
        """The first market time to be played; at least `HISTORY_BARS` bars lie before it."""
        ...

    def history(self, symbol: str, before_ms: int, limit: int) -> Sequence[Bar]:
        """At most `limit` base bars with `open_ms < before_ms`, the newest ones, oldest first."""
        ...

    def next_bars(self, open_ms: int) -> Mapping[str, Bar] | None:
        """The base bars that open at `open_ms`, absent where there is none; None: the market has ended."""
        ...

    def path(self, bar: Bar, symbol: str) -> Sequence[Step]:
        """The trades inside one base bar, in time order (see `path.intrabar_path`)."""
        ...

    def funding(self, symbol: str, from_ms: int, to_ms: int) -> Sequence[tuple[int, Decimal]]:
        """Settlements with `from_ms <= at < to_ms` as (at, rate), oldest first."""
        ...
