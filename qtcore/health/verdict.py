"""One plugin's status, from everything that is known about it and how old that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qtcore.health.model import Health, Status, worst
from qtcore.kernel.words import Lifecycle

SILENT_CADENCES = 3.0
"""A plugin that counts progress and has made none for so many cadences is degraded."""


@dataclass(frozen=True, slots=True)
class PluginView:
    """What is known of a plugin; all times are monotonic seconds.

    `health` is its last answer and `valid_until_s` its expiry; None where it has never answered.
    `progressed_s` is when it last counted progress; None for a plugin that counts none.
    """

    lifecycle: Lifecycle
    reason: str
    cadence_s: float
    since_s: float
    health: Health | None = None
    valid_until_s: float | None = None
    sensor_failure: str | None = None
    progressed_s: float | None = None
    expiries_s: Mapping[str, float] = field(default_factory=dict)
    """When each condition that has an expiry of its own runs out, by name."""
    excused_until_s: float | None = None
    """Until then it is the supervisor's own doing that what is known is old; None while it is not."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A status and the one sentence that says why."""

    status: Status
    summary: str


def judge(view: PluginView, now_s: float) -> Verdict:
    """The plugin's status now: unknown is not healthy, off is not healthy, old is not healthy."""
    match view.lifecycle:
        case Lifecycle.DISABLED | Lifecycle.STOPPED:
            return Verdict(Status.OFF, view.reason)
        case Lifecycle.BACKOFF | Lifecycle.QUARANTINED:
            return Verdict(Status.FAILED, view.reason)
        case Lifecycle.WAITING | Lifecycle.STARTING | Lifecycle.STOPPING:
            return Verdict(Status.UNKNOWN, view.reason)
        case Lifecycle.RUNNING | Lifecycle.HEALING:
            return _at_work(view, now_s)


def _at_work(view: PluginView, now_s: float) -> Verdict:
    said = _said(view, now_s)
    if said.status is Status.UNKNOWN:
        return said
    silence_s = silent_s(view, now_s)
    if silence_s is not None:
        silence = Verdict(Status.DEGRADED, f"alive, but no progress for {silence_s:.0f} s")
        said = silence if silence.status.rank < said.status.rank else said
    if view.lifecycle is Lifecycle.HEALING:
        return Verdict(worst(said.status, Status.DEGRADED), f"being healed: {said.summary}")
    return said


def _said(view: PluginView, now_s: float) -> Verdict:
    if view.sensor_failure is not None:
        return Verdict(Status.UNKNOWN, f"its health cannot be asked: {view.sensor_failure}")
    if view.health is None or view.valid_until_s is None:
        return Verdict(Status.UNKNOWN, "running, not asked yet")
    if now_s >= view.valid_until_s:
        return Verdict(Status.UNKNOWN, f"its last answer ran out {now_s - view.valid_until_s:.0f} s ago")
    if view.health.status is Status.OFF:  # only the configuration or a person switches a plugin off
        return Verdict(Status.UNKNOWN, f"it calls itself off while it is {view.lifecycle}")
    said = Verdict(view.health.status, view.health.summary or view.health.status.value)
    old = outdated_s(view, now_s)
    if not old or said.status.rank <= Status.UNKNOWN.rank:
        return said
    name, age_s = max(old.items(), key=lambda item: item[1])
    return Verdict(Status.UNKNOWN, f"what it knows of {name} ran out {age_s:.0f} s ago; it said: {said.summary}")


def silent_s(view: PluginView, now_s: float) -> float | None:
    """For how long a plugin at work has made no progress; None while that is not longer than it may."""
    if view.progressed_s is None:
        return None
    silence_s = now_s - max(view.progressed_s, view.since_s)
    return silence_s if silence_s > SILENT_CADENCES * view.cadence_s else None


def outdated_s(view: PluginView, now_s: float) -> dict[str, float]:
    """For how long what a plugin said has run out: each condition by name, the whole answer under the empty one."""
    if view.health is not None and view.valid_until_s is not None and now_s >= view.valid_until_s:
        return {"": now_s - view.valid_until_s}
    return {name: now_s - at_s for name, at_s in view.expiries_s.items() if now_s >= at_s}
