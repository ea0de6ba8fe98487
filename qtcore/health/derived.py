"""Findings about what the supervisor sees of a plugin from outside, so that every failure has a code (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from qtcore.documents import Facts
from qtcore.health import plugin_kinds as kinds
from qtcore.health.model import Finding, Severity
from qtcore.health.verdict import PluginView, outdated_s, silent_s
from qtcore.kernel.words import Cause, Lifecycle

ON_PURPOSE = frozenset({Cause.OPERATOR, Cause.DEPENDENCY})
"""Ends that are no failure of the plugin itself."""
_OF_THE_PROCESS = frozenset({Cause.EXIT_CODE, Cause.SIGNAL, Cause.OUT_OF_MEMORY})
"""Deaths that nothing upstream explains."""
RESTARTS_WINDOW_S = 3600.0
STUCK_S = 120.0
"""So long it may wait for its host or its turn: whatever holds it up there has a limit of its own, well below."""
MANY_RESTARTS = 3
"""So many failed runs within the window are a finding, however well each new one looks."""


@dataclass(frozen=True, slots=True)
class End:
    """How the last run failed; `evidence` is what is known: exit code, signal, error type, the next try."""

    cause: Cause
    reason: str
    at_s: float
    evidence: Facts = field(default_factory=dict)
    effect_of: tuple[str, ...] = ()
    """The findings because of which it was ended."""


@dataclass(frozen=True, slots=True)
class Life:
    """One plugin as seen from outside.

    `end` is set from a failed run until the plugin is back, `needs_away` names what it needs and what cannot be
    expected to be there in a moment, `started_s` is when the supervisor began, `hung` is the sentence about its host
    while that one is given up.
    """

    plugin: str
    host: str
    view: PluginView
    end: End | None = None
    needs_away: str | None = None
    started_s: float = 0.0
    by_person: bool = False
    hung: str | None = None
    ends_s: tuple[float, ...] = ()


def derived(life: Life, now_s: float) -> tuple[Finding, ...]:
    """Everything that holds now."""
    return tuple(_of_lifecycle(life, now_s)) + tuple(_of_work(life, now_s)) + tuple(_of_ends(life, now_s))


def _of_lifecycle(life: Life, now_s: float) -> Iterator[Finding]:
    match life.view.lifecycle:
        case Lifecycle.DISABLED | Lifecycle.QUARANTINED:
            return
        case Lifecycle.STOPPED:
            if life.by_person:
                yield kinds.STOPPED.found(f"{life.plugin} is stopped: {life.view.reason}")
        case Lifecycle.RUNNING | Lifecycle.HEALING:
            if life.hung is not None:
                yield _hung(life, life.hung, {})
        case Lifecycle.WAITING | Lifecycle.STARTING | Lifecycle.STOPPING | Lifecycle.BACKOFF:
            yield from _away(life, now_s)


def _away(life: Life, now_s: float) -> Iterator[Finding]:
    end = life.end
    if life.hung is not None:
        yield _hung(life, life.hung, {})
    elif end is not None and end.cause is Cause.HUNG:
        yield _hung(life, end.reason, end.evidence)
    elif end is not None:
        if end.cause is not Cause.UNHEALTHY or life.view.lifecycle is Lifecycle.BACKOFF:
            yield _down(life, end)  # else it is being healed: what it was ended for says it all
    elif life.needs_away is not None:
        summary = f"{life.plugin} waits for {life.needs_away}, which it needs"
        yield kinds.WAITS.found(summary, evidence={"because_of": life.needs_away})
    elif _is_stuck(life, now_s):
        summary = f"{life.plugin} is switched on and has not run for more than two minutes: {life.view.reason}"
        yield kinds.WAITS.found(summary, cause="it waits for its host, for its turn, or for what it comes after")


def _is_stuck(life: Life, now_s: float) -> bool:
    """It is switched on, nothing it needs is away for good, and still it does not have its turn."""
    since_s = max(life.view.since_s, life.started_s)
    return life.view.lifecycle is Lifecycle.WAITING and now_s - since_s >= STUCK_S


def _down(life: Life, end: End) -> Finding:
    evidence: Facts = {"cause": end.cause.value, "host": life.host, **end.evidence}
    severity = Severity.MEDIUM if end.cause is Cause.NOT_READY else None
    found = kinds.DOWN.found(f"{life.plugin} is down: {end.reason}", severity=severity, evidence=evidence)
    ties = {"effect_of": (*found.effect_of, *end.effect_of), "root": end.cause in _OF_THE_PROCESS}
    return found.model_copy(update=ties)


def _hung(life: Life, sentence: str, evidence: Facts) -> Finding:
    return kinds.HUNG.found(sentence, evidence={"host": life.host, **evidence})


def _of_work(life: Life, now_s: float) -> Iterator[Finding]:
    view = life.view
    if view.lifecycle not in {Lifecycle.RUNNING, Lifecycle.HEALING} or life.hung is not None:
        return
    if view.sensor_failure is not None:
        summary = f"the health of {life.plugin} cannot be read: {view.sensor_failure}"
        yield kinds.SENSOR.found(summary, evidence={"error": view.sensor_failure})
        return
    if view.excused_until_s is not None and now_s < view.excused_until_s:
        return  # it was not asked: old is unknown, but whose silence it is the next answer tells
    for name in outdated_s(view, now_s):
        what = f"what {life.plugin} knows of {name}" if name else f"the last answer of {life.plugin}"
        yield kinds.OUTDATED.found(f"{what} has run out", subject=name)
    if silent_s(view, now_s) is not None:
        summary = f"{life.plugin} is alive and has made no progress for longer than its cadence allows"
        yield kinds.IDLE.found(summary, evidence={"cadence_s": view.cadence_s})


def _of_ends(life: Life, now_s: float) -> Iterator[Finding]:
    lately = [at_s for at_s in life.ends_s if now_s - at_s < RESTARTS_WINDOW_S]
    if len(lately) >= MANY_RESTARTS and life.view.lifecycle is not Lifecycle.STOPPED:
        summary = f"{life.plugin} has failed {len(lately)} times within an hour"
        severity = Severity.HIGH if len(lately) >= 2 * MANY_RESTARTS else None
        yield kinds.RESTARTS.found(summary, severity=severity, evidence={"failed": len(lately)})
