"""Starting a generation, and what happens when it takes too long or its turn comes again."""

from __future__ import annotations

from dataclasses import replace

from qtcore.health.model import Status
from qtcore.kernel import hosts, stopping
from qtcore.kernel.commands import StartGeneration
from qtcore.kernel.events import Tick
from qtcore.kernel.state import After, Fate, PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Cause, Lifecycle


def start(turn: Turn, plugin: PluginState) -> None:
    """Start the next generation in the host that is up; the caller has checked the gates."""
    plan = turn.plan_of(plugin)
    reason = "first start" if plugin.starts == 0 else f"start {plugin.starts + 1}"
    started = replace(
        plugin,
        generation=plugin.generation + 1,
        starts=plugin.starts + 1,
        status=Status.UNKNOWN,
        healthy_since_s=None,
        not_before_s=None,
    )
    deadline_s = turn.now_s + plan.start_timeout_s
    turn.move(started, Lifecycle.STARTING, reason, deadline_s=deadline_s)
    turn.wish(StartGeneration(plugin.name, plan.host, started.generation, reason))


def overdue(turn: Turn, plugin: PluginState, _event: Tick) -> None:
    """The start limit has passed without `ready()`."""
    if hosts.suspicion(turn, plugin) is not None:
        turn.put(replace(plugin, deadline_s=None))  # its host is being killed; that will settle it
        return
    limit_s = turn.plan_of(plugin).start_timeout_s
    reason = f"was not ready within {limit_s:g} s"
    stopping.stop(turn, plugin, Fate(After.RETRY, Cause.UNREADY, reason))


def backoff_over(turn: Turn, plugin: PluginState, _event: Tick) -> None:
    """The delay has passed, or the dependency came back earlier."""
    woken = plugin.woken_by
    reason = "its delay is over" if woken is None else f"its dependency {woken} is ready again"
    turn.move(plugin, Lifecycle.WAITING, reason)
