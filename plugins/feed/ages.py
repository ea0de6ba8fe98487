"""How old market data is, how old it may be, and on which way it comes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ages:
    """Real seconds since the last closed candle and the last mark of one symbol."""

    candle_s: float
    mark_s: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Real seconds above which candles and marks are stale."""

    candle_s: float
    mark_s: float


@dataclass(frozen=True, slots=True)
class Connection:
    """The socket and what it went through; `poll_rounds` is None while nothing is polled."""

    open: bool
    trouble: str
    reconnects: int
    poll_rounds: int | None = None


@dataclass(frozen=True, slots=True)
class Market:
    """What the venue itself has to do with it: candles without any trade, symbols that it does not have."""

    quiet_bars: int = 0
    configured: int = 0
    missing: tuple[str, ...] = ()
