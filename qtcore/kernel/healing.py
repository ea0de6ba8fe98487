"""Health that calls for an act: one act at a time, judged by the next reading, within a budget."""

from __future__ import annotations

from dataclasses import replace

from qtcore.health.model import HealingOutcome, Rung, Status
from qtcore.kernel import hosts, ladder, proof, restart, stopping
from qtcore.kernel.commands import Heal, RecheckHealth, RecordHealing
from qtcore.kernel.ending import describe
from qtcore.kernel.events import HealEnded, HealthSeen, Tick
from qtcore.kernel.state import After, Episode, Fate, PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Cause, Lifecycle

_WELL = frozenset({Status.HEALTHY, Status.OFF})
_WORKING = frozenset({Status.HEALTHY, Status.DEGRADED})


def seen(turn: Turn, plugin: PluginState, event: HealthSeen) -> None:
    """A reading of a running plugin: note it, judge the last act by it, decide whether to act."""
    plugin = _noted(turn, plugin, event)
    if event.status is Status.UNKNOWN:
        return  # not knowing is no reason to act
    episode = plugin.episode
    if event.status in _WELL:
        if episode is not None:
            _record(turn, plugin, episode, HealingOutcome.PROVEN, _sight(event))
        turn.put(replace(plugin, episode=None, healing_spent={}))
        return
    if episode is not None and _improved(episode, event):
        _record(turn, plugin, episode, HealingOutcome.PROVEN, _sight(event))
        plugin = replace(plugin, episode=None)
    elif episode is not None and _same_trouble(episode, event):
        _record(turn, plugin, episode, HealingOutcome.FAILED, _sight(event))
    turn.put(plugin)
    _decide(turn, plugin, event)


def heal_ended(turn: Turn, plugin: PluginState, event: HealEnded) -> None:
    """`heal` says what it did; only a re-check says whether it helped."""
    if plugin.episode is None or not plugin.episode.acting:
        turn.unfit(f"{plugin.name} said a second time that its heal is over")
        return
    act = f"{event.act or 'heal'} (failed)" if event.failed else event.act or "heal"
    turn.put(
        replace(
            plugin,
            episode=replace(plugin.episode, acting=False, act=act),
            deadline_s=turn.now_s + turn.plan_of(plugin).healing.timeout_s,
        )
    )
    turn.wish(RecheckHealth(plugin.name, plugin.generation))


def rechecked(turn: Turn, plugin: PluginState, event: HealthSeen) -> None:
    """The first known reading after `heal` decides; readings from before its end decide nothing."""
    episode = plugin.episode
    if episode is None or episode.acting or event.status is Status.UNKNOWN:
        turn.put(replace(plugin, status=event.status))
        return
    plugin = replace(plugin, status=event.status)
    if event.status in _WELL or _improved(episode, event):
        _record(turn, plugin, episode, HealingOutcome.PROVEN, _sight(event))
        _resume(turn, replace(plugin, episode=None), f"healed: {episode.act}")
        return
    _record(turn, plugin, episode, HealingOutcome.FAILED, _sight(event))
    _next_rung(turn, plugin, episode, event.status, event.reason)


def overdue(turn: Turn, plugin: PluginState, _event: Tick) -> None:
    """`heal` or its re-check gave no answer in time."""
    limit_s = turn.plan_of(plugin).healing.timeout_s
    episode = plugin.episode
    if hosts.suspicion(turn, plugin) is not None:
        turn.put(replace(plugin, deadline_s=None))  # its host is being killed; that will settle it
    elif episode is None:
        _resume(turn, plugin, "nothing is being healed")
    elif episode.acting:
        sight = f"heal did not end within {limit_s:g} s"
        _record(turn, plugin, episode, HealingOutcome.FAILED, sight)
        _next_rung(turn, plugin, episode, episode.status, sight)
    else:
        sight = f"no known reading within {limit_s:g} s of the act"
        _record(turn, plugin, episode, HealingOutcome.FAILED, sight)
        _resume(turn, replace(plugin, episode=None), f"{sight}, and not knowing is no reason to restart")


def _noted(turn: Turn, plugin: PluginState, event: HealthSeen) -> PluginState:
    noted = replace(plugin, status=event.status)
    if event.status not in _WORKING:
        proof.stop_clock(turn, noted)
    elif plugin.healthy_since_s is None:
        proof.start_clock(turn, noted)
    else:
        turn.put(noted)
    return turn.plugins[plugin.name]


def _improved(episode: Episode, event: HealthSeen) -> bool:
    """The finding is gone, or the status is better than before the act."""
    return event.status.rank > episode.status.rank or not _same_trouble(episode, event)


def _same_trouble(episode: Episode, event: HealthSeen) -> bool:
    if episode.finding:
        return event.finding == episode.finding
    return event.wants_restart


def _decide(turn: Turn, plugin: PluginState, event: HealthSeen) -> None:
    healable = event.finding if turn.plan_of(plugin).healable else None
    if healable is None and not event.wants_restart:
        return
    finding = healable or ""
    episode = plugin.episode
    if finding in plugin.healing_spent:
        turn.put(replace(plugin, episode=None))
    elif episode is not None and episode.finding == finding:
        _next_rung(turn, plugin, episode, event.status, event.reason)
    elif healable is not None:
        _heal(turn, plugin, Episode(finding, event.status, Rung.HEAL, "heal", turn.now_s), event.reason)
    else:
        fresh = Episode(finding, event.status, Rung.HEAL, "no heal for this", turn.now_s)
        _next_rung(turn, plugin, fresh, event.status, event.reason)


def _heal(turn: Turn, plugin: PluginState, episode: Episode, reason: str) -> None:
    paid = _paid(turn, plugin, episode)
    if paid is None:
        return
    limit_s = turn.plan_of(plugin).healing.timeout_s
    turn.move(
        replace(paid, episode=episode),
        Lifecycle.HEALING,
        f"healing {episode.finding}: {reason}",
        deadline_s=turn.now_s + limit_s,
    )
    turn.wish(Heal(plugin.name, plugin.generation, episode.finding))


def _next_rung(turn: Turn, plugin: PluginState, episode: Episode, status: Status, reason: str) -> None:
    rung = _rung_above(turn, plugin, episode, status)
    if rung is Rung.TELL_PERSON:
        told = f"nothing that may be done without a person helps against: {reason}"
        _give_over(turn, plugin, episode, told)
        return
    paid = _paid(turn, plugin, episode)
    if paid is None:
        return
    act = describe(rung)
    chosen = replace(paid, episode=Episode(episode.finding, status, rung, act, turn.now_s), healthy_since_s=None)
    after = After.QUARANTINE if rung is Rung.QUARANTINE else After.RETRY
    stopping.stop(turn, chosen, Fate(after, Cause.UNHEALTHY, f"unhealthy: {reason}", rung))


def _rung_above(turn: Turn, plugin: PluginState, episode: Episode, status: Status) -> Rung:
    """What still works is restarted at most: nobody else pays for it, and it is not taken out."""
    if status is Status.DEGRADED:
        return Rung.RESTART_PLUGIN if episode.rung is Rung.HEAL else Rung.TELL_PERSON
    return ladder.climb(turn, plugin, episode.rung)


def _paid(turn: Turn, plugin: PluginState, episode: Episode) -> PluginState | None:
    """The plugin with one more act on its bill, or None when the budget is spent and a person is told."""
    policy = turn.plan_of(plugin).healing
    acts = restart.within(plugin.acts, policy.window_s, turn.now_s)
    if len(acts) < policy.max_acts:
        return replace(plugin, acts=(*acts, turn.now_s))
    spent = f"{len(acts)} acts within {policy.window_s:g} s did not cure it"
    _give_over(turn, plugin, episode, spent)
    return None


def _give_over(turn: Turn, plugin: PluginState, episode: Episode, told: str) -> None:
    """No more acts for this trouble before a healthy reading; refused once, not at each reading."""
    refused = replace(episode, act="no further act")
    _record(turn, plugin, refused, HealingOutcome.REFUSED, told)
    spent = {**plugin.healing_spent, episode.finding: told}
    plugin = replace(plugin, healing_spent=spent, episode=None)
    if plugin.lifecycle is Lifecycle.HEALING:
        _resume(turn, plugin, told)
    else:
        turn.put(plugin)


def _resume(turn: Turn, plugin: PluginState, reason: str) -> None:
    moved = turn.move(plugin, Lifecycle.RUNNING, reason)
    if plugin.status in _WORKING:
        proof.start_clock(turn, moved)
    else:
        proof.stop_clock(turn, moved)


def _record(turn: Turn, plugin: PluginState, episode: Episode, outcome: HealingOutcome, sight: str) -> None:
    finding = episode.finding or None
    took_s = None if outcome is HealingOutcome.REFUSED else turn.now_s - episode.since_s
    turn.wish(RecordHealing(plugin.name, episode.rung, episode.act, outcome, sight, finding, took_s))


def _sight(event: HealthSeen) -> str:
    return f"{event.status}: {event.reason}" if event.reason else str(event.status)
