"""Five questions about each plugin: declared, started, alive, progressing, having effect (pure).

A beating heart is not work, and work is not effect; so each is a condition of its own, dated by what it rests on and
with an expiry from the plugin's declared cadence. What was not observed yet, or not for too long, is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from qtcore.health.model import Condition, Health, Severity, Status
from qtcore.health.verdict import SILENT_CADENCES, PluginView
from qtcore.kernel.words import Lifecycle

DECLARED, STARTED, ALIVE, PROGRESSING, EFFECTIVE = "declared", "started", "alive", "progressing", "effective"
QUESTIONS = (DECLARED, STARTED, ALIVE, PROGRESSING, EFFECTIVE)
HOLDS_FOR_CADENCES = 3.0
_STARTED = {
    Lifecycle.RUNNING: Status.HEALTHY,
    Lifecycle.HEALING: Status.HEALTHY,
    Lifecycle.BACKOFF: Status.FAILED,
    Lifecycle.QUARANTINED: Status.FAILED,
    Lifecycle.DISABLED: Status.OFF,
    Lifecycle.STOPPED: Status.OFF,
}
_GRAVE = frozenset({Severity.HIGH, Severity.CRITICAL})


@dataclass(frozen=True, slots=True)
class Observed:
    """What the answers rest on; times are monotonic seconds, None where nothing was observed yet.

    `beat_s` is the last beat of the plugin's host, `answered_s` when `health` answered last; `hung` says why the
    host is given up.
    """

    view: PluginView
    beat_s: float | None = None
    answered_s: float | None = None
    hung: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, on both clocks."""

    wall: datetime
    monotonic_s: float

    def at(self, monotonic_s: float) -> datetime:
        """The wall time of a monotonic second."""
        return self.wall + timedelta(seconds=monotonic_s - self.monotonic_s)


def questions(seen: Observed, now: Moment) -> tuple[Condition, ...]:
    """One condition for each question that the plugin does not answer itself, in their order."""
    own = {item.name for item in seen.view.health.conditions} if seen.view.health else set()
    return tuple(item for item in _answers(seen, now) if item.name not in own)


def _answers(seen: Observed, now: Moment) -> Iterator[Condition]:
    view = seen.view
    off = view.lifecycle is Lifecycle.DISABLED
    yield _condition(
        DECLARED, Status.OFF if off else Status.HEALTHY, view.reason if off else "configured, and readable"
    )
    started = _STARTED.get(view.lifecycle, Status.UNKNOWN)
    yield _dated(STARTED, (started, f"{view.lifecycle.value}: {view.reason}"), now.monotonic_s, view.cadence_s, now)
    if started is not Status.HEALTHY:
        for name in (ALIVE, PROGRESSING, EFFECTIVE):
            yield _condition(name, Status.OFF if started is Status.OFF else Status.UNKNOWN, "it is not running")
        return
    yield _alive(seen, now)
    yield _progressing(view, now)
    yield _effective(seen, now)


def _alive(seen: Observed, now: Moment) -> Condition:
    if seen.beat_s is None:
        return _condition(ALIVE, Status.UNKNOWN, "its host has not beaten yet")
    if seen.hung is not None:
        return _dated(ALIVE, (Status.FAILED, seen.hung), seen.beat_s, seen.view.cadence_s, now)
    return _dated(ALIVE, (Status.HEALTHY, "its host beats"), seen.beat_s, seen.view.cadence_s, now)


def _progressing(view: PluginView, now: Moment) -> Condition:
    if view.progressed_s is None:
        return _condition(PROGRESSING, Status.UNKNOWN, "it has counted no work yet")
    at_s = max(view.progressed_s, view.since_s)
    silent = now.monotonic_s - at_s > SILENT_CADENCES * view.cadence_s
    answer = (Status.DEGRADED, "it counts no work any more") if silent else (Status.HEALTHY, "it counts work")
    return _dated(PROGRESSING, answer, now.monotonic_s if silent else at_s, view.cadence_s, now)


def _effective(seen: Observed, now: Moment) -> Condition:
    view = seen.view
    if view.sensor_failure is not None:
        return _condition(EFFECTIVE, Status.UNKNOWN, f"its health cannot be read: {view.sensor_failure}")
    if view.health is None or seen.answered_s is None:
        return _condition(EFFECTIVE, Status.UNKNOWN, "not asked yet")
    status, reason = _effect(view.health)
    held = Condition(
        name=EFFECTIVE,
        status=status,
        reason=reason,
        observed_at=now.at(seen.answered_s),
        expires_at=None if view.valid_until_s is None else now.at(view.valid_until_s),
    )
    return current(held, now.wall)


def _effect(health: Health) -> tuple[Status, str]:
    """What it says of itself; a grave finding or condition counts even where it calls itself healthy."""
    said = health.summary or health.status.value
    if health.status is not Status.HEALTHY:
        return (Status.UNKNOWN if health.status is Status.OFF else health.status), said
    grave = [finding for finding in health.findings if finding.severity in _GRAVE]
    if grave:
        return Status.DEGRADED, f"{grave[0].code}: {grave[0].summary}"
    bad = [item for item in health.conditions if item.status.rank < Status.HEALTHY.rank]
    if bad:
        worst = min(bad, key=lambda item: item.status.rank)
        return worst.status, f"{worst.name}: {worst.reason}"
    return Status.HEALTHY, said


def _condition(name: str, status: Status, reason: str) -> Condition:
    return Condition(name=name, status=status, reason=reason)


def _dated(name: str, answer: tuple[Status, str], observed_s: float, cadence_s: float, now: Moment) -> Condition:
    status, reason = answer
    seen_at, until = now.at(observed_s), now.at(observed_s + HOLDS_FOR_CADENCES * cadence_s)
    held = Condition(name=name, status=status, reason=reason, observed_at=seen_at, expires_at=until)
    return current(held, now.wall)


def current(condition: Condition, now: datetime) -> Condition:
    """As it must be read now: what has expired is unknown."""
    if condition.expires_at is None or now < condition.expires_at:
        return condition
    return condition.model_copy(update={"status": Status.UNKNOWN})
