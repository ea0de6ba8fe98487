"""Which market time it is: `market = m0 + speed * (real - r0)`, or as far as it was told to go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

NS_PER_MS = 1_000_000


class Pace(StrEnum):
    """`paced`: a fixed multiple of real time; `max`: as fast as it can be played; `lockstep`: only on command."""

    PACED = "paced"
    MAX = "max"
    LOCKSTEP = "lockstep"


@dataclass(frozen=True, slots=True)
class Speed:
    pace: Pace
    factor: float = 1.0

    def __str__(self) -> str:
        return f"{self.factor:g}x" if self.pace is Pace.PACED else str(self.pace)


def parse_speed(text: str) -> Speed:
    """`20`, `20x`, `max` or `lockstep`. Raises ValueError with a sentence."""
    if text in (Pace.MAX, Pace.LOCKSTEP):
        return Speed(Pace(text))
    try:
        factor = float(text.removesuffix("x"))
    except ValueError:
        factor = 0.0
    if not 0 < factor <= 100_000:
        raise ValueError(f"speed {text!r} is not known: give a number above 0 (20 or 20x), max, or lockstep")
    return Speed(Pace.PACED, factor)


@dataclass(frozen=True, slots=True)
class ClockMap:
    """One point of the map and its slope; `real_ns` is CLOCK_MONOTONIC. A speed of 0 means: only told by the venue."""

    market_ms: int
    real_ns: int
    wall_ms: int
    speed: float


class MarketClock:
    """Runs from where it is set. No market time passes while nobody plays it."""

    def __init__(self, speed: Speed, market_ms: int, real_ns: Callable[[], int]) -> None:
        self.speed = speed
        self._real_ns = real_ns
        self._m0_ms = market_ms
        self._r0_ns = real_ns()
        self._stopped = False

    @property
    def anchor(self) -> tuple[int, int]:
        """Market ms and CLOCK_MONOTONIC ns from which the map is drawn; another value is another map."""
        return self._m0_ms, self._r0_ns

    def now_ms(self) -> int:
        if self.speed.pace is not Pace.PACED or self._stopped:
            return self._m0_ms
        return self._m0_ms + int((self._real_ns() - self._r0_ns) * self.speed.factor / NS_PER_MS)

    def set(self, market_ms: int) -> None:
        """From now on it is this market time: the map has a new anchor."""
        self._m0_ms = market_ms
        self._r0_ns = self._real_ns()

    def stop(self) -> None:
        """The market has ended: time stands still."""
        self.set(self.now_ms())
        self._stopped = True

    def seconds_until(self, market_ms: int) -> float:
        """Real seconds until a market time comes; negative when it is past. Only for a paced clock."""
        due_ns = self._r0_ns + (market_ms - self._m0_ms) * NS_PER_MS / self.speed.factor
        return (due_ns - self._real_ns()) / 1e9

    def map(self, wall_ms: int) -> ClockMap:
        running = self.speed.pace is Pace.PACED and not self._stopped
        return ClockMap(self.now_ms(), self._real_ns(), wall_ms, self.speed.factor if running else 0.0)
