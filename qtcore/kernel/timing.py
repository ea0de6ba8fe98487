"""When the kernel wants to be asked again, and what it forgives when it is asked too late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from qtcore.kernel.findings import SILENT_S, silent_since_s
from qtcore.kernel.state import HostRecord, PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import HostState, Lifecycle

LATE_S = 1.0
"""A Tick later than this means that the supervisor itself was held up (a paused machine, no processor)."""

_JUDGES_OTHERS = frozenset({Lifecycle.STARTING, Lifecycle.STOPPING, Lifecycle.HEALING})
_LIMITED_HOSTS = frozenset({HostState.SPAWNING, HostState.STOPPING})


def forgive_lateness(turn: Turn) -> None:
    """Who could not be watched must not be punished for it: limits on others move by the time unwatched."""
    wanted_s = turn.whole.next_deadline
    late_s = 0.0 if wanted_s is None else turn.now_s - wanted_s
    if late_s <= LATE_S:
        return
    for plugin in list(turn.plugins.values()):
        if plugin.lifecycle in _JUDGES_OTHERS and plugin.deadline_s is not None:
            turn.put(replace(plugin, deadline_s=plugin.deadline_s + min(late_s, turn.now_s - plugin.since_s)))
    for host in list(turn.hosts.values()):
        if host.state in _LIMITED_HOSTS and host.deadline_s is not None:
            turn.put_host(replace(host, deadline_s=host.deadline_s + min(late_s, turn.now_s - host.since_s)))


def is_due(turn: Turn, plugin: PluginState) -> bool:
    """The plugin's deadline has come."""
    return plugin.deadline_s is not None and plugin.deadline_s <= turn.now_s


def due_hosts(turn: Turn) -> list[HostRecord]:
    """The hosts whose deadline has come."""
    hosts = turn.hosts.values()
    return [host for host in hosts if host.deadline_s is not None and host.deadline_s <= turn.now_s]


def next_deadline(turn: Turn) -> float | None:
    """The earliest moment at which something follows from time alone; None when nothing ever will."""
    begun = turn.whole.started_s is not None or turn.whole.stopping is not None
    if not begun or turn.whole.stopped:
        return None
    return min(_moments(turn), default=None)


def _moments(turn: Turn) -> Iterator[float]:
    for plugin in turn.plugins.values():
        if plugin.deadline_s is not None:
            yield plugin.deadline_s
    for host in turn.hosts.values():
        if host.deadline_s is not None:
            yield host.deadline_s
        if host.state is HostState.ABSENT and host.not_before_s > turn.now_s:
            yield host.not_before_s
    yield from _posture_moments(turn)


def _posture_moments(turn: Turn) -> Iterator[float]:
    whole = turn.whole
    if whole.renew_at_s is not None:
        yield whole.renew_at_s
    if whole.cautious_until_s is not None:
        yield whole.cautious_until_s
    for claim in whole.claims.values():
        if claim.expires_s > turn.now_s:
            yield claim.expires_s
    for source in turn.plan.posture.required:
        since_s = silent_since_s(turn, source)
        if since_s is not None and since_s + SILENT_S > turn.now_s:
            yield since_s + SILENT_S
