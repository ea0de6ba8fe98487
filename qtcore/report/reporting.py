"""The reporter's own row: what it covered, how old that was, and what it could not know (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from qtcore.health.model import Status
from qtcore.kernel.words import Lifecycle
from qtcore.report.archive import Kept
from qtcore.report.document import Contribution, Reporter
from qtcore.report.status_document import PluginLine

_FINAL = frozenset({Lifecycle.DISABLED, Lifecycle.STOPPED})
_LATE_PERIODS = 2.0
_MISSED_SHARE = 0.01
"""More unanswered questions than this, and the report is made from too little."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """How health was asked in this run."""

    asked: int = 0
    missed: int = 0
    report_every_s: float = 0.0


def reporter_of(
    lines: Sequence[PluginLine],
    contributed: Sequence[Contribution],
    kept: Sequence[Kept],
    rounds: Rounds,
    gaps: Sequence[str],
    *,
    at: datetime,
    since: datetime | None,
    took_s: float,
) -> Reporter:
    """Who checks the checker: anybody who reads this."""
    current = [line for line in lines if line.lifecycle in _FINAL or _is_current(line, at)]
    ages = [(at - line.observed_at).total_seconds() for line in current if line.observed_at and _is_current(line, at)]
    stale = sum(item.stale for item in contributed)
    late = _is_late(kept, rounds, at, since)
    doubtful = gaps or late or stale or len(current) < len(lines) or rounds.missed > rounds.asked * _MISSED_SHARE
    return Reporter(
        status=Status.DEGRADED if doubtful else Status.HEALTHY,
        configured=len(lines),
        covered=len(current),
        oldest_s=round(max(ages), 3) if ages else None,
        asked=rounds.asked,
        missed=rounds.missed,
        contributions=len(contributed),
        stale_contributions=stale,
        kept=len(kept),
        kept_at=kept[-1].at if kept else None,
        late=late,
        took_s=round(took_s, 4),
        gaps=tuple(gaps),
    )


def _is_current(line: PluginLine, at: datetime) -> bool:
    return line.observed_at is not None and line.valid_until is not None and at < line.valid_until


def _is_late(kept: Sequence[Kept], rounds: Rounds, at: datetime, since: datetime | None) -> bool:
    """Whether a report was due and has not come; only where the living supervisor told its schedule."""
    if not rounds.report_every_s:
        return False
    last = max([item.at for item in kept[-1:]] + ([since] if since else []), default=None)
    return last is not None and (at - last).total_seconds() > _LATE_PERIODS * rounds.report_every_s
