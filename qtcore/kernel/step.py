"""`step`: one event in, a new state and the commands that follow from it out."""

from __future__ import annotations

from typing import assert_never

from qtcore.kernel import claims, findings, gates, hosts, shutdown, timing
from qtcore.kernel.commands import Command
from qtcore.kernel.events import (
    ClaimMade,
    Event,
    HealEnded,
    HealthSeen,
    HostGone,
    HostSuspected,
    HostUp,
    OperatorQuarantine,
    OperatorRestart,
    OperatorStart,
    OperatorStop,
    PluginDeaf,
    PluginEnded,
    PluginLoaded,
    PluginReady,
    ShutDown,
    SupervisorStarted,
    Tick,
)
from qtcore.kernel.specification import Plan
from qtcore.kernel.state import State
from qtcore.kernel.table import TABLE
from qtcore.kernel.turn import Turn

_OfGeneration = PluginLoaded | PluginReady | PluginEnded | PluginDeaf | HealthSeen | HealEnded
_OfOperator = OperatorStart | OperatorStop | OperatorRestart | OperatorQuarantine
_OfHost = HostUp | HostSuspected | HostGone


def step(plan: Plan, state: State, event: Event, now_s: float) -> tuple[State, tuple[Command, ...]]:
    """Decide what follows from `event` at `now_s` (monotonic seconds). Pure: same input, same output.

    `plan` must be the one that `initial` was given. Events about a replaced generation or incarnation,
    or that do not fit, change nothing and are counted in `State.ignored`.
    """
    turn = Turn(plan, state, now_s)
    timing.forgive_lateness(turn)
    for name in _concerned(turn, event):
        plugin = turn.plugins[name]  # read anew: the cell of an earlier plugin may have changed it
        if isinstance(event, Tick) and not timing.is_due(turn, plugin):
            continue
        TABLE[plugin.lifecycle, type(event)](turn, plugin, event)
    if turn.whole.started_s is not None or turn.whole.stopping is not None:
        _settle(turn)
    return turn.freeze(timing.next_deadline(turn)), tuple(turn.commands)


def _settle(turn: Turn) -> None:
    """Bring everything else into line with what the event changed."""
    if turn.whole.stopping is None:
        gates.settle(turn)
        hosts.settle(turn)
    else:
        shutdown.settle(turn)
    if not turn.whole.stopped:
        claims.settle(turn)
    findings.settle(turn)


def _concerned(turn: Turn, event: Event) -> list[str]:
    """Let the event change what is not a plugin; return the plugins whose cells are to be carried out."""
    match event:
        case SupervisorStarted():
            claims.begin(turn, event)
        case ClaimMade():
            claims.note(turn, event)
        case ShutDown():
            shutdown.begin(turn, event)
        case Tick():
            return _ticked(turn)
        case HostUp() | HostSuspected() | HostGone():
            return _of_host(turn, event)
        case PluginLoaded() | PluginReady() | PluginEnded() | PluginDeaf() | HealthSeen() | HealEnded():
            return _of_generation(turn, event)
        case OperatorStart() | OperatorStop() | OperatorRestart() | OperatorQuarantine():
            return _of_operator(turn, event)
        case _:
            assert_never(event)
    return list(turn.plugins)


def _ticked(turn: Turn) -> list[str]:
    for host in timing.due_hosts(turn):
        hosts.due(turn, host)
    return list(turn.graph.order)


def _of_host(turn: Turn, event: _OfHost) -> list[str]:
    host = turn.hosts.get(event.host)
    if host is None:
        turn.unfit(f"there is no host {event.host!r}")
        return []
    if event.incarnation != host.incarnation:
        turn.stale(f"host {host.name}: incarnation {event.incarnation} was replaced by {host.incarnation}")
        return []
    match event:
        case HostUp():
            hosts.came_up(turn, event)
        case HostSuspected():
            hosts.suspected(turn, event)
        case HostGone():
            hosts.gone(turn, event)
        case _:
            assert_never(event)
    return [plugin.name for plugin in turn.tenants(host.name)]


def _of_generation(turn: Turn, event: _OfGeneration) -> list[str]:
    plugin = turn.plugins.get(event.plugin)
    if plugin is None:
        turn.unfit(f"there is no plugin {event.plugin!r}")
        return []
    if event.generation != plugin.generation:
        turn.stale(f"{plugin.name}: generation {event.generation} was replaced by {plugin.generation}")
        return []
    return [plugin.name]


def _of_operator(turn: Turn, event: _OfOperator) -> list[str]:
    plugin = turn.plugins.get(event.plugin)
    if plugin is None:
        turn.unfit(f"there is no plugin {event.plugin!r}")
        return []
    if turn.whole.stopping is not None:
        turn.unfit(f"{event.who} asked for {type(event).__name__} of {plugin.name} during a shutdown")
        return []
    return [plugin.name]
