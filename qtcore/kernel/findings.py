"""The kernel's own findings: what holds in a state, opened once and resolved when it no longer holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from qtcore.health import plugin_kinds, supervisor_kinds
from qtcore.kernel.commands import OpenFinding, ResolveFinding
from qtcore.kernel.state import OUT, PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Lifecycle

QUARANTINED = plugin_kinds.QUARANTINED.code
VITAL_AWAY = plugin_kinds.VITAL_AWAY.code
HEALING_SPENT = plugin_kinds.HEALING_SPENT.code
HOST_CRASH_LOOP = plugin_kinds.CRASH_LOOP.code
HOST_UNKILLABLE = plugin_kinds.UNKILLABLE.code
BOOT_LOOP = supervisor_kinds.BOOT_LOOP.code
SOURCE_SILENT = supervisor_kinds.SOURCE_SILENT.code

SILENT_S = 10.0
"""How long a required posture source may be silent before a person hears of it."""
START_S = 20.0
"""So much longer it may take until it speaks for the first time: it starts after others."""
_COMING = frozenset({Lifecycle.WAITING, Lifecycle.STARTING})
"""Before its first word these have limits and findings of their own; the posture is cautious all the while."""


def settle(turn: Turn) -> None:
    """Open what holds now and did not before; resolve what no longer holds."""
    holding = {(finding.code, finding.plugin): finding for finding in _holding(turn)}
    before = turn.whole.findings
    for key, finding in holding.items():
        if key not in before:
            turn.wish(finding)
    for code, plugin in sorted(before - holding.keys(), key=str):
        turn.wish(ResolveFinding(code, plugin))
    if holding.keys() != before:
        turn.whole = replace(turn.whole, findings=frozenset(holding))


def _holding(turn: Turn) -> Iterator[OpenFinding]:
    for plugin in turn.plugins.values():
        yield from _of_plugin(plugin)
    for name, host in turn.hosts.items():
        if host.crash_loop is not None:
            evidence = _evidence(host=name, ends=len(host.tries.ends))
            yield from _of_tenants(turn, name, HOST_CRASH_LOOP, host.crash_loop, evidence)
        if host.reminders > 0:
            sentence = f"host {name} does not die of SIGKILL; its plugins stay away until it does"
            evidence = _evidence(host=name, incarnation=host.incarnation)
            yield from _of_tenants(turn, name, HOST_UNKILLABLE, sentence, evidence)
    if turn.whole.cautious_until_s is not None:
        yield OpenFinding(BOOT_LOOP, None, "the supervisor itself has died repeatedly and is cautious now")
    yield from _of_sources(turn)


def _of_plugin(plugin: PluginState) -> Iterator[OpenFinding]:
    name = plugin.name
    evidence = _evidence(generation=plugin.generation)
    if plugin.lifecycle is Lifecycle.QUARANTINED or plugin.trial:
        yield OpenFinding(QUARANTINED, name, f"{name} is quarantined: {plugin.reason}", evidence)
    if plugin.alarm is not None:
        yield OpenFinding(VITAL_AWAY, name, f"{name} is vital and does not come back: {plugin.alarm}", evidence)
    if plugin.healing_spent:
        finding, told = list(plugin.healing_spent.items())[-1]
        evidence = _evidence(finding=finding, acts=len(plugin.acts))
        yield OpenFinding(HEALING_SPENT, name, f"{name} is left as it is: {told}", evidence)


def _of_tenants(
    turn: Turn, host: str, code: str, sentence: str, evidence: dict[str, str | int | float]
) -> Iterator[OpenFinding]:
    for tenant in turn.tenants(host):
        if tenant.lifecycle not in OUT:
            yield OpenFinding(code, tenant.name, sentence, evidence)


def _of_sources(turn: Turn) -> Iterator[OpenFinding]:
    for source in turn.plan.posture.required:
        since_s = silent_since_s(turn, source)
        if since_s is not None and turn.now_s >= since_s + SILENT_S:
            plugin = source if source in turn.plan.plugins else None
            spoke = source in turn.whole.claims
            silence = (
                f"been silent for {SILENT_S:g} s" if spoke else f"not spoken {START_S + SILENT_S:g} s after the start"
            )
            sentence = f"{source} must claim a posture and has {silence}"
            yield OpenFinding(SOURCE_SILENT, plugin, sentence, _evidence(source=source))


def silent_since_s(turn: Turn, source: str) -> float | None:
    """From when on the silence of a required source counts; None while it has a valid claim, or is still to come up."""
    since_s = _quiet_since_s(turn, source)
    awake_s = turn.whole.awake_since_s
    return since_s if since_s is None or awake_s is None else max(since_s, awake_s)


def _quiet_since_s(turn: Turn, source: str) -> float | None:
    claim = turn.whole.claims.get(source)
    if claim is not None:
        return None if claim.expires_s > turn.now_s else claim.expires_s
    plugin, started_s = turn.plugins.get(source), turn.whole.started_s
    if started_s is None or (plugin is not None and plugin.lifecycle in _COMING):
        return None
    return max(started_s + START_S, plugin.since_s if plugin else started_s)


def _evidence(**facts: str | int | float) -> dict[str, str | int | float]:
    return facts
