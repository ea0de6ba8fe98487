"""A generation is over: what its cause means, what it costs, and what follows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qtcore.health.model import HealingOutcome, Rung
from qtcore.kernel import hosts, ladder, quarantine, restart, stopping
from qtcore.kernel.commands import RecordHealing
from qtcore.kernel.events import HostGone, PluginEnded
from qtcore.kernel.state import After, Fate, PluginState, Repair
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Cause, Lifecycle

HOPELESS = frozenset({Cause.DEFECT, Cause.NEEDS_OPERATOR, Cause.CONFIGURATION})
"""Trying again cannot help before a person has changed something."""


@dataclass(frozen=True, slots=True)
class End:
    """How a generation ended; `rung` is set when health chose the act that follows."""

    cause: Cause
    reason: str
    retry_after_s: float | None = None
    rung: Rung | None = None


def by_itself(turn: Turn, plugin: PluginState, event: PluginEnded) -> None:
    """Nobody asked for this end."""
    _unasked(turn, plugin, End(event.cause, event.reason, event.retry_after_s))


def with_host(turn: Turn, plugin: PluginState, event: HostGone) -> None:
    """The host died under it: culprit, collateral, or one of several that nobody can tell apart."""
    host = turn.hosts[event.host]
    cause = host.cause or event.cause
    if host.blamed == plugin.name:
        _unasked(turn, plugin, End(cause, host.reason))
    elif turn.whole.stopping is not None:
        _stopped(turn, plugin)
    elif host.blamed is not None:
        reason = f"lost its host {host.name} to {host.blamed} ({host.reason}); starts again at once"
        turn.move(
            stopping.drop_heal(turn, plugin, reason),
            Lifecycle.WAITING,
            reason,
            cause=Cause.COLLATERAL,
            collateral_of=host.blamed,
        )
    else:
        own = f"host {host.name} "
        told = host.reason.removeprefix(own)
        reason = f"its {own}{told}" if told != host.reason else f"lost its host {host.name}: {told}"
        plugin = stopping.drop_heal(turn, plugin, reason)
        _again(turn, plugin, cause, reason, host.not_before_s - turn.now_s)


def as_asked(turn: Turn, plugin: PluginState, _event: PluginEnded | HostGone) -> None:
    """The end that was asked for is proven; its fate follows."""
    fate = plugin.fate
    if fate is None or turn.whole.stopping is not None:
        _stopped(turn, plugin)
        return
    match fate.after:
        case After.WAIT:
            turn.move(plugin, Lifecycle.WAITING, fate.reason, cause=fate.cause)
        case After.RETRY:
            _failed(turn, plugin, End(fate.cause, fate.reason, rung=fate.rung))
        case After.QUARANTINE:
            by_person = fate.cause is Cause.OPERATOR
            quarantine.enter(turn, plugin, fate.cause, fate.reason, trial=not by_person)
        case After.STOP:
            turn.move(plugin, Lifecycle.STOPPED, fate.reason, cause=fate.cause)


def _stopped(turn: Turn, plugin: PluginState) -> None:
    stopping_ = turn.whole.stopping
    reason = stopping_.reason if stopping_ is not None else "stopped"
    turn.move(plugin, Lifecycle.STOPPED, reason, cause=Cause.OPERATOR)


def _unasked(turn: Turn, plugin: PluginState, end: End) -> None:
    if turn.whole.stopping is not None:
        _stopped(turn, plugin)
    else:
        _failed(turn, stopping.drop_heal(turn, plugin, end.reason), end)


def _failed(turn: Turn, plugin: PluginState, end: End) -> None:
    plugin = _repair_failed(turn, plugin, end.reason)
    if end.cause in HOPELESS:
        _hopeless(turn, plugin, end)
    elif end.cause is Cause.NOT_READY:
        _not_ready(turn, plugin, end)
    else:
        _counted(turn, plugin, end)


def _hopeless(turn: Turn, plugin: PluginState, end: End) -> None:
    if plugin.name not in turn.graph.vital:
        quarantine.enter(turn, plugin, end.cause, end.reason, trial=False)
        return
    policy = turn.plan_of(plugin).restart
    tries = replace(plugin.tries, attempt=plugin.tries.attempt + 1)
    delay_s = restart.at_cap_s(policy, end.cause, tries.attempt, turn.key(plugin.name))
    alarmed = replace(plugin, tries=tries, alarm=end.reason)
    _again(turn, alarmed, end.cause, f"{end.reason}; vital, so it is never given up", delay_s)


def _not_ready(turn: Turn, plugin: PluginState, end: End) -> None:
    if plugin.trial:
        quarantine.enter(turn, plugin, end.cause, end.reason, trial=True)
        return
    retry = restart.after_not_ready(
        turn.plan_of(plugin).restart,
        plugin.tries,
        retry_after_s=end.retry_after_s,
        key=turn.key(plugin.name),
    )
    hint = restart.believable(end.retry_after_s)
    held = replace(plugin, tries=retry.tries, not_before_s=None if hint is None else turn.now_s + hint)
    _again(turn, held, end.cause, end.reason, retry.delay_s)


def _counted(turn: Turn, plugin: PluginState, end: End) -> None:
    policy = turn.plan_of(plugin).restart
    since_s = plugin.healthy_since_s
    retry = restart.after_failure(
        policy,
        plugin.tries,
        cause=end.cause,
        healthy_for_s=None if since_s is None else turn.now_s - since_s,
        now_s=turn.now_s,
        key=turn.key(plugin.name),
    )
    counted = replace(plugin, tries=retry.tries, not_before_s=None)
    if plugin.trial:
        quarantine.enter(turn, counted, end.cause, f"its trial run failed: {end.reason}", trial=True)
        return
    rung = _rung(turn, counted, end, over_budget=retry.over_budget)
    _act(turn, counted, end, rung, retry.delay_s)


def _rung(turn: Turn, plugin: PluginState, end: End, *, over_budget: bool) -> Rung:
    chosen = Rung.RESTART_PLUGIN if end.rung is None else end.rung
    if not over_budget:
        return chosen
    used = max(plugin.rung, Rung.RESTART_PLUGIN, key=ladder.height)
    return max(chosen, ladder.climb(turn, plugin, used), key=ladder.height)


def _act(turn: Turn, plugin: PluginState, end: End, rung: Rung, delay_s: float) -> None:
    policy = turn.plan_of(plugin).restart
    ends = len(plugin.tries.ends)
    story = f"{end.reason} (end {ends} in {policy.window_s:g} s, {policy.max_restarts} allowed)"
    if rung is Rung.QUARANTINE:
        quarantine.enter(turn, plugin, end.cause, story, trial=True)
        return
    tried = replace(
        plugin,
        rung=max(plugin.rung, rung, key=ladder.height),
        repair=Repair(min(rung, Rung.RECREATE_HOST, key=ladder.height), end.cause, turn.now_s),
    )
    if rung is Rung.TELL_PERSON:
        tried = replace(tried, alarm=story)
        story = f"{story}; vital, so it is never given up"
        delay_s = restart.at_cap_s(policy, end.cause, tried.tries.attempt, turn.key(plugin.name))
    _again(turn, tried, end.cause, story, delay_s)
    if rung is Rung.RESTART_GROUP:
        _restart_companions(turn, plugin)
    if rung is Rung.RECREATE_HOST:
        reason = f"{plugin.name} failed too often, so its process is made anew"
        hosts.kill(turn, turn.host_of(plugin), end.cause, reason, blamed=plugin.name)


def _restart_companions(turn: Turn, plugin: PluginState) -> None:
    reason = f"restarted together with {plugin.name}, which failed too often"
    for other in ladder.companions(turn, plugin):
        if other.name != plugin.name:
            stopping.stop(turn, other, Fate(After.WAIT, Cause.DEPENDENCY, reason, culprit=plugin.name))


def _again(turn: Turn, plugin: PluginState, cause: Cause, reason: str, delay_s: float) -> None:
    if delay_s > 0:
        turn.move(
            plugin,
            Lifecycle.BACKOFF,
            f"{reason}; starts again in {delay_s:.2g} s",
            cause=cause,
            deadline_s=turn.now_s + delay_s,
        )
    else:
        turn.move(plugin, Lifecycle.WAITING, f"{reason}; starts again at once", cause=cause)


def _repair_failed(turn: Turn, plugin: PluginState, proof: str) -> PluginState:
    if plugin.repair is None:
        return plugin
    act = describe(plugin.repair.rung)
    took_s = turn.now_s - plugin.repair.since_s
    turn.wish(RecordHealing(plugin.name, plugin.repair.rung, act, HealingOutcome.FAILED, proof, took_s=took_s))
    return replace(plugin, repair=None)


def describe(rung: Rung) -> str:
    """A rung in words."""
    return rung.replace("_", " ")
