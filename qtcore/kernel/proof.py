"""Readiness and what follows from it: repairs proven, dependents woken, trouble forgotten step by step."""

from __future__ import annotations

from dataclasses import replace

from qtcore.health.model import HealingOutcome
from qtcore.kernel import quarantine, restart
from qtcore.kernel.commands import RecordHealing
from qtcore.kernel.ending import describe
from qtcore.kernel.events import PluginReady, Tick
from qtcore.kernel.state import PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Cause, Lifecycle

WAKE_WITHIN_S = 0.25
"""A dependent in backoff starts at most this long after its dependency turned ready."""


def ready(turn: Turn, plugin: PluginState, _event: PluginReady) -> None:
    """The plugin is useful: what was away is back."""
    took_s = turn.now_s - plugin.since_s
    plugin = _repair_proven(turn, plugin, f"ready {took_s:.2g} s after its start")
    if plugin.episode is not None:
        plugin = replace(plugin, episode=replace(plugin.episode, acting=False))
    start_clock(turn, turn.move(plugin, Lifecycle.RUNNING, f"ready {took_s:.2g} s after its start"))
    _wake_dependents(turn, plugin.name)


def start_clock(turn: Turn, plugin: PluginState) -> None:
    """From now on time spent well counts as proof; a deadline is set only if there is something to prove."""
    stable_s = turn.plan_of(plugin).restart.stable_after_s
    deadline_s = turn.now_s + stable_s if _unproven(plugin) else None
    turn.put(replace(plugin, healthy_since_s=turn.now_s, deadline_s=deadline_s))


def stop_clock(turn: Turn, plugin: PluginState) -> None:
    """A bad or unknown reading: from here time proves nothing."""
    turn.put(replace(plugin, healthy_since_s=None, deadline_s=None))


def advance(turn: Turn, plugin: PluginState, _event: Tick) -> None:
    """Another `stable_after_s` went well: one step of backoff decays, ladder, alarm and trial are over."""
    if plugin.trial:
        plugin = quarantine.release(turn, plugin)
    proven = replace(plugin, tries=restart.decayed(plugin.tries), rung=None, alarm=None)
    stable_s = turn.plan_of(plugin).restart.stable_after_s
    turn.put(replace(proven, deadline_s=turn.now_s + stable_s if _unproven(proven) else None))


def _unproven(plugin: PluginState) -> bool:
    return (
        plugin.trial
        or plugin.tries.attempt > 0
        or plugin.tries.streak > 0
        or plugin.rung is not None
        or plugin.alarm is not None
    )


def _repair_proven(turn: Turn, plugin: PluginState, proof: str) -> PluginState:
    repair = plugin.repair
    if repair is None:
        return plugin
    if repair.cause is not Cause.UNHEALTHY:  # that one is judged by the next reading of health
        away_s = turn.now_s - repair.since_s
        proof = f"{proof}, {away_s:.2g} s after the end of generation {plugin.generation - 1}"
        act = describe(repair.rung)
        turn.wish(RecordHealing(plugin.name, repair.rung, act, HealingOutcome.PROVEN, proof, took_s=away_s))
    return replace(plugin, repair=None)


def _wake_dependents(turn: Turn, name: str) -> None:
    """Whoever backs off while it needs or wants this one may blame its absence: wake it early, spread by jitter."""
    for other, plan in turn.plan.plugins.items():
        dependent = turn.plugins[other]
        if dependent.lifecycle is Lifecycle.BACKOFF and name in plan.needs | plan.wants:
            _wake(turn, dependent, name)


def _wake(turn: Turn, dependent: PluginState, name: str) -> None:
    share = restart.jitter(turn.key(dependent.name), dependent.tries.attempt)
    earliest_s = max(turn.now_s + share * WAKE_WITHIN_S, dependent.not_before_s or 0.0)
    if dependent.deadline_s is not None and earliest_s < dependent.deadline_s:
        turn.put(replace(dependent, deadline_s=earliest_s, woken_by=name))
