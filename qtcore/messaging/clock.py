"""Real, wall and market time: asked through a port, so that tests hold the hands of the clock."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from qtcore.errors import NotReady
from qtcore.topics import topic

SHORTEST_REAL_LIMIT_S = 2.0
"""No limit stated in market time becomes shorter than this in real time: scheduling noise would break it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Monotonic seconds, wall time, and waiting."""

    def now(self) -> float: ...
    def wall(self) -> datetime: ...
    async def sleep(self, seconds: float) -> None: ...


class RealClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """Seconds of CLOCK_MONOTONIC, the same in every process of this boot."""
        return time.monotonic()

    def wall(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait real seconds."""
        await asyncio.sleep(seconds)


@topic(retained=True)
@dataclass(frozen=True, slots=True)
class ClockMap:
    """How market time follows real time: `market = m0 + speed * (real - real0)`.

    `m0_ms` is milliseconds since the Unix epoch, `real0_ns` is CLOCK_MONOTONIC nanoseconds. A speed
    of 0 is a market that stands still until the next map.
    """

    m0_ms: int
    real0_ns: int
    speed: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.speed) and self.speed >= 0):
            raise ValueError(f"a clock map needs a finite speed of 0 or more, not {self.speed}")

    def market_at(self, now_s: float) -> datetime:
        """Market time, aware UTC, at this monotonic second."""
        passed_ms = (now_s * 1e9 - self.real0_ns) / 1e6
        return _EPOCH + timedelta(milliseconds=self.m0_ms + self.speed * passed_ms)


class MarketClock:
    """The clock map in force in this host, if one has been published yet."""

    __slots__ = ("map",)

    def __init__(self) -> None:
        self.map: ClockMap | None = None

    def at(self, now_s: float) -> datetime | None:
        """Market time at this monotonic second; None while no map is known."""
        return None if self.map is None else self.map.market_at(now_s)

    def market_now(self, now_s: float) -> datetime:
        """Market time. Raises NotReady while no map is known."""
        at = self.at(now_s)
        if at is None:
            raise NotReady(
                "market time is not known yet: no ClockMap has been published; "
                "wait for the plugin that writes it (`needs:` it in plugins.yaml)"
            )
        return at

    def real_limit_s(self, market_s: float) -> float:
        """A limit in market seconds as real seconds, never below two; infinite while the market stands still."""
        speed = 1.0 if self.map is None else self.map.speed
        if speed == 0:
            return math.inf
        return max(market_s / speed, SHORTEST_REAL_LIMIT_S)
