"""When a report is kept: once in a while, and when the whole has changed and stays so (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qtcore.health.model import Status

SETTLE_S = 5.0
"""A new status must hold so long: a report of a passing moment helps nobody."""
PATIENCE_S = 60.0
"""While a run begins nothing is known; a first report of that is not written before this."""
LEAST_S = 60.0
"""Between two reports, however much changes."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is known; all times are monotonic seconds. `every_s` 0 means never."""

    every_s: float
    last_s: float
    """When a report was begun last; at first the start of the run."""
    kept: Status | None = None
    """The status of the whole that the last report told of."""
    seen: Status | None = None
    seen_since_s: float = 0.0

    def see(self, status: Status, now_s: float) -> Schedule:
        """The whole is seen as `status` now."""
        if status is self.seen:
            return self
        return replace(self, seen=status, seen_since_s=now_s)

    def due(self, now_s: float) -> str | None:
        """Why a report is due; None when it is not."""
        if not self.every_s or self.seen is None:
            return None
        since_s = now_s - self.last_s
        if since_s >= self.every_s:
            return "on schedule"
        least_s = LEAST_S if self.kept else PATIENCE_S * (self.seen is Status.UNKNOWN)
        settled = now_s - self.seen_since_s >= SETTLE_S
        if self.seen is not self.kept and settled and since_s >= least_s:
            was = f", it was {self.kept.value}" if self.kept else ""
            return f"the whole is {self.seen.value}{was}"
        return None

    def begun(self, now_s: float) -> Schedule:
        """A report is being written."""
        return replace(self, last_s=now_s, kept=self.seen)
