"""From what plugins and kernel say to facts and findings (pure)."""

from __future__ import annotations

from qtcore.health.framework_kinds import FRAMEWORK
from qtcore.health.model import Finding, RemedyKind, Status
from qtcore.kernel.commands import OpenFinding
from qtcore.kernel.events import HealthSeen
from qtcore.supervisor.rounds import Reading

RESTART = "restart"
_SEVERE = frozenset({Status.FAILED, Status.CRITICAL})


def health_seen(reading: Reading, healable: Finding | None) -> HealthSeen:
    """The kernel's view of a reading; a failed sensor is `unknown`, which never restarts anything."""
    health = reading.health
    if health is None:
        return HealthSeen(reading.plugin, reading.generation, Status.UNKNOWN, reading.sensor_failure or "no answer")
    severe = health.status in _SEVERE
    return HealthSeen(
        reading.plugin,
        reading.generation,
        health.status,
        health.summary or health.status.value,
        finding=healable.code if healable else None,
        wants_restart=severe and (not health.findings or any(map(_restart_may_help, health.findings))),
    )


def said(reading: Reading) -> tuple[object, ...]:
    """What of a reading is news when it changes; figures are not."""
    health = reading.health
    if health is None:
        return (reading.generation, reading.sensor_failure)
    conditions = tuple((item.name, item.status, item.reason) for item in health.conditions)
    codes = tuple((finding.code, finding.severity, finding.summary) for finding in health.findings)
    return (reading.generation, health.status, health.summary, codes, conditions)


def _restart_may_help(finding: Finding) -> bool:
    return any(remedy.kind is RemedyKind.SAFE and remedy.act == RESTART for remedy in finding.remedies)


def kernel_finding(command: OpenFinding) -> Finding:
    """A finding that the kernel itself opened."""
    found = FRAMEWORK[command.code].found(command.summary, evidence=dict(command.evidence))
    return found.model_copy(update={"plugin": command.plugin})
