"""When a finding opens and when it is over: a machine that makes one finding with N episodes of what comes and goes.

What is seen opens after a time that depends on its severity, at once where it is grave. What is no longer seen
stays open for a hold that doubles with each episode, so that trouble which keeps coming back is told once. Time is an
argument (monotonic seconds), and every state knows when time alone changes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from qtcore.health.model import Severity

OPEN_AFTER_S = {Severity.CRITICAL: 0.0, Severity.HIGH: 0.0, Severity.MEDIUM: 2.0, Severity.LOW: 5.0}
FIRST_HOLD_S = 5.0
LONGEST_HOLD_S = 600.0
_DOUBLINGS = 16
"""Beyond so many the hold has long been the longest."""


class Phase(StrEnum):
    """Where one finding is."""

    PENDING = "pending"
    """Seen, not long enough to be told."""
    OPEN = "open"
    CLOSING = "closing"
    """Not seen any more, still counted as open."""
    OVER = "over"
    """Nothing is left of it: it never opened, or it is resolved."""


@dataclass(frozen=True, slots=True)
class Flap:
    """One finding's phase since `since_s`; `episodes` is how often it came while it counted as open."""

    phase: Phase
    since_s: float
    due_s: float | None = None
    """When time alone changes the phase; None where it never does."""
    episodes: int = 0

    @property
    def counts(self) -> bool:
        """It is an open finding."""
        return self.phase in {Phase.OPEN, Phase.CLOSING}


def hold_s(episodes: int) -> float:
    """How long a finding that has had so many episodes must stay away until it is over."""
    return min(LONGEST_HOLD_S, FIRST_HOLD_S * 2.0 ** min(max(0, episodes - 1), _DOUBLINGS))


def seen(before: Flap | None, severity: Severity, now_s: float, *, at_once: bool = False) -> Flap:
    """It is there; what has become graver meanwhile need not wait any longer."""
    wait_s = 0.0 if at_once else OPEN_AFTER_S[severity]
    flap = before and elapsed(before, now_s)
    if flap is None or flap.phase is Phase.OVER:
        flap = Flap(Phase.PENDING, now_s, now_s + wait_s)
    match flap.phase:
        case Phase.OPEN:
            return flap
        case Phase.CLOSING:
            return Flap(Phase.OPEN, now_s, None, flap.episodes + 1)
        case Phase.PENDING | Phase.OVER:
            return elapsed(replace(flap, due_s=min(flap.due_s or now_s, flap.since_s + wait_s)), now_s)


def missed(before: Flap, now_s: float) -> Flap:
    """It is not there."""
    flap = elapsed(before, now_s)
    match flap.phase:
        case Phase.PENDING:
            return Flap(Phase.OVER, now_s, None, flap.episodes)
        case Phase.OPEN:
            return Flap(Phase.CLOSING, now_s, now_s + hold_s(flap.episodes), flap.episodes)
        case Phase.CLOSING | Phase.OVER:
            return flap


def unwatched(flap: Flap, gap_s: float) -> Flap:
    """The same after a time in which nobody looked: it neither lasted nor stayed away meanwhile."""
    due_s = None if flap.due_s is None else flap.due_s + gap_s
    return replace(flap, since_s=flap.since_s + gap_s, due_s=due_s)


def elapsed(flap: Flap, now_s: float) -> Flap:
    """What time alone has made of it."""
    if flap.due_s is None or now_s < flap.due_s:
        return flap
    if flap.phase is Phase.PENDING:
        return Flap(Phase.OPEN, flap.due_s, None, flap.episodes + 1)
    return Flap(Phase.OVER, flap.due_s, None, flap.episodes)
