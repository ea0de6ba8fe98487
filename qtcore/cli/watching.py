"""Whether a status is reached and holds, sighting by sighting (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Watching:
    """What was seen so far; all times are monotonic seconds."""

    for_s: float
    began_s: float
    good_since_s: float | None = None
    longest_s: float = 0.0
    breaks: int = 0
    why: str = ""
    """What was seen instead of what is waited for, the last time."""

    def see(self, *, good: bool, why: str, now_s: float) -> Watching:
        """One sighting: it is what is waited for, or `why` not."""
        if good:
            since_s = now_s if self.good_since_s is None else self.good_since_s
            return replace(self, good_since_s=since_s, longest_s=max(self.longest_s, now_s - since_s))
        broke = self.good_since_s is not None
        return replace(self, good_since_s=None, breaks=self.breaks + broke, why=why)

    def held(self, now_s: float) -> bool:
        """It is what is waited for, and has been so long enough without a break."""
        return self.good_since_s is not None and now_s - self.good_since_s >= self.for_s
