"""Quarantine: out of the way, with one trial run after a while unless only a person can help."""

from __future__ import annotations

from dataclasses import replace

from qtcore.health.model import HealingOutcome, Rung
from qtcore.kernel.commands import RecordHealing
from qtcore.kernel.events import Tick
from qtcore.kernel.restart import NO_TRIES
from qtcore.kernel.state import PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Cause, Lifecycle


def enter(turn: Turn, plugin: PluginState, cause: Cause, reason: str, *, trial: bool) -> None:
    """Take the plugin out; `trial` says whether time alone may bring it back once."""
    if plugin.name in turn.graph.vital:
        raise AssertionError(f"{plugin.name} is vital and must never be quarantined")
    if plugin.trial:
        _record_trial(turn, plugin, HealingOutcome.FAILED, reason)
    trial_s = turn.plan_of(plugin).restart.quarantine_trial_s
    rest = f"one trial run in {trial_s:g} s" if trial else f"waits for a person: qt release {plugin.name}"
    cleared = replace(plugin, trial=False, tries=NO_TRIES, rung=None, repair=None, episode=None, healthy_since_s=None)
    turn.move(
        cleared,
        Lifecycle.QUARANTINED,
        f"{reason}; quarantined, {rest}",
        cause=cause,
        deadline_s=turn.now_s + trial_s if trial else None,
    )


def try_once(turn: Turn, plugin: PluginState, _event: Tick) -> None:
    """The half-open state: a single run decides between release and another quarantine. None begins in a shutdown."""
    if turn.whole.stopping is not None:
        turn.put(replace(plugin, deadline_s=None))
        return
    turn.move(replace(plugin, trial=True), Lifecycle.WAITING, "one trial run after its quarantine")


def release(turn: Turn, plugin: PluginState) -> PluginState:
    """The trial run proved itself."""
    stable_s = turn.plan_of(plugin).restart.stable_after_s
    _record_trial(turn, plugin, HealingOutcome.PROVEN, f"ran well for {stable_s:g} s")
    return replace(plugin, trial=False)


def _record_trial(turn: Turn, plugin: PluginState, outcome: HealingOutcome, proof: str) -> None:
    turn.wish(RecordHealing(plugin.name, Rung.QUARANTINE, "trial run after quarantine", outcome, proof))
