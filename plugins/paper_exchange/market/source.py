"""What the venue asks of a market, and how a market is opened by name.

All times are market time: UTC milliseconds. All prices lie on the symbol's tick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
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
class SymbolRules:
    """What the venue's exchangeInfo and first leverage bracket say of one symbol."""

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
    def start_ms(self) -> int:
        """The first market time to be played; `HISTORY_BARS` bars lie before it."""
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


def open_market(spec: str, *, seed: int | None = None, symbols: Sequence[str] | None = None) -> MarketSource:
    """Open the market that `spec` names.

    `simulated`, `simulated:seed=7`, `recording:DIR`, `csv:DIR`; recordings take `?interval=5m` and
    `?window=crash202510` (joined by `&`). `symbols` keeps only those. Raises MarketDataError.
    """
    kind, _, rest = spec.partition(":")
    match kind:
        case "simulated":
            from plugins.paper_exchange.market.simulated import SimulatedMarket

            return SimulatedMarket(_agreed_seed(spec, rest, seed), symbols)
        case "recording":
            from plugins.paper_exchange.market.recording import open_recording

            folder, options = _folder_and_options(spec, rest)
            return open_recording(folder, symbols, **options)
        case "csv":
            from plugins.paper_exchange.market.csv_dump import open_csv_dump

            folder, options = _folder_and_options(spec, rest)
            return open_csv_dump(folder, symbols, **options)
        case _:
            raise MarketDataError(_unknown_kind(spec, kind))


def _unknown_kind(spec: str, kind: str) -> str:
    near = get_close_matches(kind, ("simulated", "recording", "csv"), n=1, cutoff=0.4)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"market {spec!r} is not known: use simulated, simulated:seed=N, recording:DIR or csv:DIR{meant}"


def _agreed_seed(spec: str, rest: str, seed: int | None) -> int:
    if not rest:
        return 1 if seed is None else seed
    name, _, value = rest.partition("=")
    if name != "seed" or not value.isdecimal():
        raise MarketDataError(f"market {spec!r} is not understood: write simulated:seed=N with a whole number N")
    if seed is not None and seed != int(value):
        raise MarketDataError(f"market {spec!r} contradicts the seed {seed} given beside it: name the seed once")
    return int(value)


def _folder_and_options(spec: str, rest: str) -> tuple[Path, dict[str, str]]:
    folder, _, query = rest.partition("?")
    if not folder:
        raise MarketDataError(f"market {spec!r} names no folder: write {spec.partition(':')[0]}:DIR")
    options: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in ("interval", "window") or not value:
            raise MarketDataError(f"market {spec!r}: option {part!r} is not known: use interval=5m or window=SUFFIX")
        options[name] = value
    return Path(folder).expanduser(), options
