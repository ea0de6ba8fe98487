"""When the kernel wants to be asked again, and what it forgives when it is asked too late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from qtcore.kernel.findings import SILENT_S, silent_since_s
from qtcore.kernel.hosts import RETIRE_LIMIT_S
from qtcore.kernel.state import HostRecord, PluginState
from qtcore.kernel.stopping import DEAF_GRACE_S
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import HostState, Lifecycle

LATE_S = 1.0
"""An event so long after a Tick was due means that the supervisor itself was held up (stopped, paused, starved)."""


def forgive_lateness(turn: Turn) -> None:
    """Who could not be watched must not be punished for it: each running limit on others is granted anew.

    Asked at each event: what comes first after a gap would otherwise move the deadline that shows the gap.
    """
    wanted_s = turn.whole.next_deadline
    if wanted_s is None or turn.now_s - wanted_s <= LATE_S:
        return
    turn.whole = replace(turn.whole, awake_since_s=turn.now_s)
    for plugin in list(turn.plugins.values()):
        limit_s = _limit_s(turn, plugin)
        if limit_s is not None and plugin.deadline_s is not None:
            turn.put(replace(plugin, deadline_s=max(plugin.deadline_s, turn.now_s + limit_s)))
    for host in list(turn.hosts.values()):
        host_limit_s = _host_limit_s(turn, host)
        if host_limit_s is not None and host.deadline_s is not None:
            turn.put_host(replace(host, deadline_s=max(host.deadline_s, turn.now_s + host_limit_s)))


def _limit_s(turn: Turn, plugin: PluginState) -> float | None:
    plan = turn.plan_of(plugin)
    match plugin.lifecycle:
        case Lifecycle.STARTING:
            return plan.start_timeout_s
        case Lifecycle.STOPPING:
            return plan.stop_timeout_s + DEAF_GRACE_S
        case Lifecycle.HEALING:
            return plan.healing.timeout_s
        case _:
            return None


def _host_limit_s(turn: Turn, host: HostRecord) -> float | None:
    match host.state:
        case HostState.SPAWNING:
            return turn.plan.hosts[host.name].load_limit_s
        case HostState.STOPPING:
            return RETIRE_LIMIT_S
        case _:
            return None


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
