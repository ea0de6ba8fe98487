"""Stopping everything: who is followed by nobody stops first, all of one level at once, each within its limit."""

from __future__ import annotations

from dataclasses import replace

from qtcore.kernel import hosts, stopping
from qtcore.kernel.commands import AllStopped
from qtcore.kernel.events import ShutDown
from qtcore.kernel.state import After, Fate, HostRecord, PluginState, Stopping
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Cause, HostState, Lifecycle

UNKILLABLE_REMINDERS = 2
"""After so many repeated SIGKILLs without proof of death, the supervisor leaves all the same: the host's parent-death
signal outlives it, and a person is told."""


def begin(turn: Turn, event: ShutDown) -> None:
    """From now on nothing starts."""
    if turn.whole.stopping is not None:
        turn.unfit(f"{event.who} asked for a shutdown that is under way already")
        return
    reason = f"shutdown by {event.who}: {event.reason}"
    turn.whole = replace(turn.whole, stopping=Stopping(event.who, reason))


def at_rest(turn: Turn, plugin: PluginState, event: ShutDown) -> None:
    """Nothing runs: it is stopped at once."""
    turn.move(plugin, Lifecycle.STOPPED, _reason(event), cause=Cause.OPERATOR)


def while_stopping(turn: Turn, plugin: PluginState, event: ShutDown) -> None:
    """It is stopping already and will not come back."""
    stopping.change_fate(turn, plugin, Fate(After.STOP, Cause.OPERATOR, _reason(event)))


def settle(turn: Turn) -> None:
    """Stop whoever nobody relies on any more, retire empty hosts, and say when all is down."""
    stopping_ = turn.whole.stopping
    if stopping_ is None or turn.whole.stopped:
        return
    for name in reversed(turn.graph.order):
        plugin = turn.plugins[name]
        if plugin.active and plugin.fate is None and not _followed(turn, name):
            fate = Fate(After.STOP, Cause.OPERATOR, stopping_.reason)
            stopping.stop(turn, plugin, fate)
    _leave_hosts(turn)
    if _all_down(turn):
        turn.whole = replace(turn.whole, stopped=True)
        turn.wish(AllStopped())


def _followed(turn: Turn, name: str) -> bool:
    followers = (turn.plugins[other] for other in turn.graph.followers[name])
    return any(plugin.active and not _unkillable(turn.host_of(plugin)) for plugin in followers)


def _leave_hosts(turn: Turn) -> None:
    for host in list(turn.hosts.values()):
        empty = not any(plugin.active for plugin in turn.tenants(host.name))
        if empty and host.state is HostState.UP:
            hosts.retire(turn, host)
        elif empty and host.state is HostState.SPAWNING:
            hosts.kill(turn, host, Cause.OPERATOR, "shutdown before it was up")


def _all_down(turn: Turn) -> bool:
    return all(host.state is HostState.ABSENT or _unkillable(host) for host in turn.hosts.values())


def _unkillable(host: HostRecord) -> bool:
    return host.state is HostState.KILLING and host.reminders >= UNKILLABLE_REMINDERS


def _reason(event: ShutDown) -> str:
    return f"shutdown by {event.who}: {event.reason}"
