"""Host processes: spawned on demand, one incarnation at a time, killed for cause, gone only when proven."""

from __future__ import annotations

from dataclasses import replace

from qtcore.kernel import restart
from qtcore.kernel.commands import KillHost, RetireHost, SpawnHost
from qtcore.kernel.events import HostGone, HostSuspected, HostUp
from qtcore.kernel.specification import HostPlan
from qtcore.kernel.state import OUT, HostRecord, PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Cause, HostState, Lifecycle

RETIRE_LIMIT_S = 5.0
"""How long an empty host may take to leave before it is killed."""

KILL_REMIND_S = 5.0
"""SIGKILL that shows no death within this time is repeated, and a person is told."""


def came_up(turn: Turn, event: HostUp) -> None:
    """The host answered; its proof of health begins."""
    host = turn.hosts[event.host]
    if host.state is not HostState.SPAWNING:
        turn.unfit(f"host {host.name} said that it is up while it is {host.state}")
        return
    stable_s = _plan(turn, host).restart.stable_after_s
    turn.put_host(
        replace(
            host,
            state=HostState.UP,
            since_s=turn.now_s,
            reason="up",
            up_since_s=turn.now_s,
            deadline_s=turn.now_s + stable_s if _unproven(host) else None,
        )
    )


def suspected(turn: Turn, event: HostSuspected) -> None:
    """A host that broke a limit is killed; the supervisor takes its evidence first."""
    kill(turn, turn.hosts[event.host], event.cause, event.evidence)


def kill(turn: Turn, host: HostRecord, cause: Cause, reason: str, *, blamed: str | None = None) -> None:
    """Have the host killed once; nothing starts in it before HostGone."""
    if host.state in (HostState.ABSENT, HostState.KILLING):
        return
    turn.put_host(
        replace(
            host,
            state=HostState.KILLING,
            since_s=turn.now_s,
            reason=reason,
            cause=cause,
            blamed=blamed,
            deadline_s=turn.now_s + KILL_REMIND_S,
        )
    )
    turn.wish(KillHost(host.name, host.incarnation, cause, reason))


def gone(turn: Turn, event: HostGone) -> None:
    """The host is dead: settle whom that is blamed on, and when the host may come back.

    The verdict stays in the record (`blamed`, `cause`, `reason`, `not_before_s`), where the fate of each
    tenant is read from.
    """
    host = turn.hosts[event.host]
    if host.state is HostState.ABSENT:
        turn.stale(f"host {host.name} was already known to be gone")
        return
    killed = host.state is HostState.KILLING
    wished = host.state is HostState.STOPPING or turn.whole.stopping is not None
    blamed = _blamed(turn, host, event)
    lost = replace(
        host,
        state=HostState.ABSENT,
        since_s=turn.now_s,
        cause=host.cause if killed else event.cause,
        reason=_reason(host, event) if killed else event.reason,
        blamed=blamed,
        deadline_s=None,
        not_before_s=turn.now_s,
        reminders=0,
    )
    turn.put_host(lost if wished or blamed is not None else _counted(turn, lost))


def _reason(host: HostRecord, event: HostGone) -> str:
    return host.reason if event.reason in ("", host.reason) else f"{host.reason} ({event.reason})"


def _blamed(turn: Turn, host: HostRecord, event: HostGone) -> str | None:
    """Whom the kernel killed it for, whom the evidence names, or the only one who was there."""
    if host.blamed is not None and host.state is HostState.KILLING:
        return host.blamed
    at_work = [plugin.name for plugin in turn.tenants(host.name) if plugin.active]
    if event.culprit in at_work:
        return event.culprit
    return at_work[0] if len(at_work) == 1 else None


def _counted(turn: Turn, lost: HostRecord) -> HostRecord:
    policy = _plan(turn, lost).restart
    retry = restart.after_failure(
        policy,
        lost.tries,
        cause=lost.cause or Cause.EXIT_CODE,
        healthy_for_s=None if lost.up_since_s is None else turn.now_s - lost.up_since_s,
        now_s=turn.now_s,
        key=turn.key(f"host {lost.name}"),
    )
    loop = f"host {lost.name} keeps dying and no single plugin can be blamed: {lost.reason}"
    return replace(
        lost,
        tries=retry.tries,
        not_before_s=turn.now_s + retry.delay_s,
        crash_loop=loop if retry.over_budget else lost.crash_loop,
    )


def due(turn: Turn, host: HostRecord) -> None:
    """The host's deadline has come: what that means depends on what it was doing."""
    match host.state:
        case HostState.SPAWNING:
            limit_s = _plan(turn, host).load_limit_s
            kill(turn, host, Cause.UNREADY, f"host {host.name} was not up within {limit_s:g} s")
        case HostState.STOPPING:
            kill(turn, host, Cause.UNREADY, f"host {host.name} did not leave within {RETIRE_LIMIT_S:g} s")
        case HostState.KILLING:
            _remind(turn, host)
        case HostState.UP:
            _prove(turn, host)
        case HostState.ABSENT:
            turn.put_host(replace(host, deadline_s=None))


def _remind(turn: Turn, host: HostRecord) -> None:
    turn.put_host(replace(host, deadline_s=turn.now_s + KILL_REMIND_S, reminders=host.reminders + 1))
    turn.wish(KillHost(host.name, host.incarnation, host.cause or Cause.HUNG, host.reason))


def _prove(turn: Turn, host: HostRecord) -> None:
    proven = replace(host, tries=restart.decayed(host.tries), crash_loop=None)
    stable_s = _plan(turn, host).restart.stable_after_s
    more = proven.tries.attempt > 0
    turn.put_host(replace(proven, deadline_s=turn.now_s + stable_s if more else None))


def settle(turn: Turn) -> None:
    """Spawn the hosts that waiting plugins ask for; retire those that nobody uses any more."""
    asked, used = set(), set()
    for name, plugin in turn.plugins.items():
        if plugin.lifecycle not in OUT:
            host = turn.plan.plugins[name].host
            used.add(host)
            if plugin.lifecycle is Lifecycle.WAITING:
                asked.add(host)
    for record in list(turn.hosts.values()):
        if record.name in asked and turn.spawnable(record):
            _spawn(turn, record)
        elif record.state is HostState.UP and record.name not in used:
            retire(turn, record)


def _spawn(turn: Turn, host: HostRecord) -> None:
    spawned = replace(
        host,
        state=HostState.SPAWNING,
        incarnation=host.incarnation + 1,
        since_s=turn.now_s,
        reason="spawning",
        cause=None,
        blamed=None,
        up_since_s=None,
        deadline_s=turn.now_s + _plan(turn, host).load_limit_s,
    )
    turn.put_host(spawned)
    turn.wish(SpawnHost(host.name, spawned.incarnation))


def retire(turn: Turn, host: HostRecord) -> None:
    """Let an empty host go."""
    turn.put_host(
        replace(
            host,
            state=HostState.STOPPING,
            since_s=turn.now_s,
            reason="no plugin uses it",
            deadline_s=turn.now_s + RETIRE_LIMIT_S,
        )
    )
    turn.wish(RetireHost(host.name, host.incarnation))


def suspicion(turn: Turn, plugin: PluginState) -> str | None:
    """Why the plugin's host is being killed, if it is."""
    host = turn.host_of(plugin)
    return host.reason if host.state is HostState.KILLING else None


def _plan(turn: Turn, host: HostRecord) -> HostPlan:
    return turn.plan.hosts[host.name]


def _unproven(host: HostRecord) -> bool:
    return host.tries.attempt > 0 or host.tries.streak > 0 or host.crash_loop is not None
