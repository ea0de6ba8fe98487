"""The status of the whole: the worst of its parts, slow to call itself better."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from qtcore.health.model import Finding, Severity, Status, worst

HOLD_S = 2.0
"""A better overall status must hold so long before it is believed; a worse one counts at once."""

_DEMANDED = {Severity.CRITICAL: Status.CRITICAL, Severity.HIGH: Status.DEGRADED}


@dataclass(frozen=True, slots=True)
class Steady:
    """The status shown, and since when a better one has been seen (monotonic seconds)."""

    shown: Status
    better_since_s: float | None = None


def counts(statuses: Iterable[Status]) -> dict[Status, int]:
    """How many there are of each; the numbers add up to all."""
    found = dict.fromkeys(Status, 0)
    for status in statuses:
        found[status] += 1
    return found


def overall(statuses: Iterable[Status]) -> Status:
    """The worst status of everything that is not off; off only when everything is."""
    return worst(*(status for status in statuses if status is not Status.OFF))


def demanded(findings: Iterable[Finding], now: datetime) -> list[Status]:
    """What findings make of the whole, whatever plugins call themselves; not those that are muted or gone."""
    there = [item for item in findings if item.gone_at is None and not (item.muted_until and now < item.muted_until)]
    return [_DEMANDED[item.severity] for item in there if item.severity in _DEMANDED]


def settle(before: Steady | None, seen: Status, now_s: float) -> Steady:
    """Take a new sighting: worse at once, better only when it has held."""
    if before is None or seen.rank <= before.shown.rank:
        return Steady(seen)
    since_s = before.better_since_s if before.better_since_s is not None else now_s
    if now_s - since_s >= HOLD_S:
        return Steady(seen)
    return replace(before, better_since_s=since_s)
