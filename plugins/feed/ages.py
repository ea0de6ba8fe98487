"""How old market data is, how old it may be, on which way it comes, and whose fault it is that it is old."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


class Fault(StrEnum):
    """Whose fault stale data is; the value is the cause that people read."""

    UNKNOWN = "neither the streams nor REST brings anything new of these symbols; the venue is being asked why"
    VENUE = "the venue itself has nothing newer: asked by REST, it tells the same old times"
    SILENT = "the venue does not answer questions about these symbols either"
    FEED = "the feed does not take in what the venue has, or has not got round to asking"

    @property
    def mendable(self) -> bool:
        """Whether starting the feed anew can help; it asks the venue by itself, again and again."""
        return self is Fault.FEED


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
