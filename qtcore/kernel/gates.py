"""Which waiting plugins may start now, and which running ones have lost what they need."""

from __future__ import annotations

from dataclasses import replace

from qtcore.kernel import starting, stopping
from qtcore.kernel.state import ACTIVE, OUT, READY, After, Fate, PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Cause, HostState, Lifecycle

_TRIED = READY | OUT | {Lifecycle.BACKOFF}
_PAUSED_BY_LOSS = ACTIVE - {Lifecycle.STOPPING}


def settle(turn: Turn) -> None:
    """Pause whoever lost a need, then start whoever may; one pass suffices because it follows the start order."""
    _pause_dependents(turn)
    held: set[str] = set()
    in_flight = sum(plugin.lifecycle is Lifecycle.STARTING for plugin in turn.plugins.values())
    for name in turn.graph.order:
        plugin = turn.plugins[name]
        if plugin.lifecycle is not Lifecycle.WAITING:
            continue
        if _is_held(turn, plugin, held):
            held.add(name)
        obstacle = _obstacle(turn, plugin, held, in_flight)
        if obstacle is None:
            starting.start(turn, plugin)
            in_flight += 1
        elif obstacle != plugin.waits_for:
            turn.put(replace(plugin, waits_for=obstacle))


def _pause_dependents(turn: Turn) -> None:
    for name in turn.graph.order:
        plugin = turn.plugins[name]
        if plugin.lifecycle in _PAUSED_BY_LOSS:
            lost = _missing_need(turn, plugin)
            if lost is not None:
                reason = f"paused: it needs {lost.name}, which is {lost.lifecycle}"
                stopping.stop(turn, plugin, Fate(After.WAIT, Cause.DEPENDENCY, reason, culprit=lost.name))


def _missing_need(turn: Turn, plugin: PluginState) -> PluginState | None:
    needs = turn.plan_of(plugin).needs
    missing = (turn.plugins[name] for name in needs if turn.plugins[name].lifecycle not in READY)
    return min(missing, key=lambda need: need.name, default=None)


def _is_held(turn: Turn, plugin: PluginState, held: set[str]) -> bool:
    """It cannot even be tried before something else changes, so nobody should queue behind it."""
    if turn.host_of(plugin).not_before_s > turn.now_s:
        return True
    return any(
        name in held or turn.plugins[name].lifecycle in OUT | {Lifecycle.BACKOFF} for name in turn.plan_of(plugin).needs
    )


def _obstacle(turn: Turn, plugin: PluginState, held: set[str], in_flight: int) -> str | None:
    missing = _missing_need(turn, plugin)
    if missing is not None:
        return f"needs {missing.name}, which is {missing.lifecycle}"
    for name in sorted(turn.plan_of(plugin).after):
        if name not in held and turn.plugins[name].lifecycle not in _TRIED:
            return f"comes after {name}, which is {turn.plugins[name].lifecycle}"
    host = turn.host_of(plugin)
    if host.state is not HostState.UP:
        return f"its host {host.name} is {host.state}"
    if in_flight >= turn.plan.starts_in_flight and plugin.name not in turn.graph.vital:
        return f"{in_flight} plugins are starting already"
    return None
