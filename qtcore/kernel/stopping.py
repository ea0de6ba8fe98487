"""Stopping a generation: asked for once, bounded, and with a fate that may still change."""

from __future__ import annotations

from dataclasses import replace

from qtcore.health.model import HealingOutcome, Rung
from qtcore.kernel import hosts
from qtcore.kernel.commands import RecordHealing, StopGeneration
from qtcore.kernel.events import PluginDeaf, Tick
from qtcore.kernel.state import Fate, PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Cause, HostState, Lifecycle

DEAF_GRACE_S = 1.0
"""How much longer than the stop limit the kernel waits for PluginEnded or PluginDeaf."""


def stop(turn: Turn, plugin: PluginState, fate: Fate) -> None:
    """Ask the generation to end; in a host that is being killed anyway, only its death is awaited."""
    limit_s = turn.plan_of(plugin).stop_timeout_s
    reachable = turn.host_of(plugin).state is HostState.UP
    if fate.rung is None:  # an act of health has recorded its heal already
        drop_heal(turn, turn.plugins[plugin.name], fate.reason)
    turn.move(
        plugin,
        Lifecycle.STOPPING,
        fate.reason,
        cause=fate.cause,
        fate=fate,
        deadline_s=turn.now_s + limit_s + DEAF_GRACE_S if reachable else None,
        collateral_of=fate.culprit,
    )
    if reachable:
        turn.wish(StopGeneration(plugin.name, plugin.generation, fate.reason, limit_s))


def change_fate(turn: Turn, plugin: PluginState, fate: Fate) -> None:
    """It is being stopped already; only what follows is another."""
    turn.put(replace(plugin, fate=fate, reason=fate.reason, cause=fate.cause))


def deaf(turn: Turn, plugin: PluginState, event: PluginDeaf | Tick) -> None:
    """The generation outlived its stop limit, and only the death of its host can prove its end."""
    limit_s = turn.plan_of(plugin).stop_timeout_s
    said = "said nothing" if isinstance(event, Tick) else "did not end"
    turn.put(replace(plugin, deadline_s=None))
    hosts.kill(
        turn,
        turn.host_of(plugin),
        Cause.HUNG,
        f"{plugin.name} {said} within {limit_s:g} s of being asked to stop",
        blamed=plugin.name,
    )


def drop_heal(turn: Turn, plugin: PluginState, why: str) -> PluginState:
    """The run ends in the middle of a heal: the act is recorded as what it is, unproven."""
    episode = plugin.episode
    if plugin.lifecycle is not Lifecycle.HEALING or episode is None:
        return plugin
    sight = f"ended before the re-check: {why}"
    outcome = HealingOutcome.FAILED
    took_s = turn.now_s - episode.since_s
    turn.wish(RecordHealing(plugin.name, Rung.HEAL, episode.act, outcome, sight, episode.finding, took_s))
    return replace(plugin, episode=None)
