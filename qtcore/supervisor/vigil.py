"""The supervisor's own clock, which notices when nobody looked at it: what was not watched is not judged."""

from __future__ import annotations

from collections.abc import Callable

from qtcore.documents import Instant
from qtcore.records.clock import instant_now

PULSE_S = 1.0
"""So often somebody looks at the clock, whatever happens."""
LATE_S = 1.0
"""So much later than that, the supervisor itself was held up: stopped, paused, or without a processor."""


class Vigil:
    """Every look at the time goes through here, so that nobody judges by a clock that has jumped.

    `woke(asleep_s)` is called before the first reading after a gap is given out; it may look at the time itself.
    """

    def __init__(self, woke: Callable[[float], None], *, instant: Callable[[], Instant] = instant_now) -> None:
        self._woke = woke
        self._instant = instant
        self._looked_s: float | None = None

    def begin(self) -> None:
        """From now on somebody looks at least each `PULSE_S`."""
        self._looked_s = self._instant().monotonic_s

    def instant(self) -> Instant:
        """This moment on both clocks."""
        now = self._instant()
        self._attend(now.monotonic_s)
        return now

    def now_s(self) -> float:
        """This moment in monotonic seconds."""
        return self.instant().monotonic_s

    def _attend(self, now_s: float) -> None:
        if self._looked_s is None:
            return
        gap_s, self._looked_s = now_s - self._looked_s, now_s
        if gap_s > PULSE_S + LATE_S:
            self._woke(gap_s)
