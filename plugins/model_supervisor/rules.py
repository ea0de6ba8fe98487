"""The limits that sources are judged by, and what is known of a signal whose fate is known. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.domain import Source, View, Vote
from plugins.learning.classes import Direction


@dataclass(frozen=True, slots=True)
class Rules:
    """See the settings of the same meaning."""

    least: int
    balance_margin: float
    balance_chance: float
    calibration: float
    distinct: float
    spike: float
    fallback: float
    coverage: float
    late_s: float
    horizon_ms: int


@dataclass(frozen=True, slots=True)
class Said:
    """A signal as it counts here: who said what of which symbol, at the close of which bar (market ms)."""

    id: str
    source: Source
    symbol: str
    view: View
    confidence: float
    at_ms: int
    features: dict[str, float]
    votes: tuple[Vote, ...] = ()
    agreement: float | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A signal whose fate is known: the direction that would have paid, and what acting on either would have earned.

    Nets are returns after costs, as parts of the notional, whether the signal was acted on or not.
    """

    said: Said
    direction: Direction
    net_long: float
    net_short: float

    @property
    def net(self) -> float:
        """What acting on the signal's own view would have earned."""
        return self.net_long if self.said.view is View.LONG else self.net_short

    @property
    def right(self) -> bool:
        """Whether it would have earned anything."""
        return self.net > 0.0

    @property
    def came_about(self) -> bool:
        """Whether the move that was said came: what a confidence promises. A little may be earned without it."""
        return self.direction is (Direction.UP if self.said.view is View.LONG else Direction.DOWN)
