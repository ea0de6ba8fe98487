"""What a person asks for: start, stop, restart, quarantine. It is done in any lifecycle, or refused in one sentence."""

from __future__ import annotations

from dataclasses import replace

from qtcore.health.model import HealingOutcome, Rung
from qtcore.kernel import quarantine, stopping
from qtcore.kernel.commands import RecordHealing
from qtcore.kernel.events import OperatorQuarantine, OperatorRestart, OperatorStart, OperatorStop
from qtcore.kernel.restart import NO_TRIES
from qtcore.kernel.state import After, Fate, PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Cause, Lifecycle


def start(turn: Turn, plugin: PluginState, event: OperatorStart | OperatorRestart) -> None:
    """Bring it back from wherever it rests, with every budget fresh."""
    turn.move(_afresh(plugin), Lifecycle.WAITING, f"started by {event.who}", cause=Cause.OPERATOR)


def start_after_stop(turn: Turn, plugin: PluginState, event: OperatorStart | OperatorRestart) -> None:
    """It is stopping just now: start again once its end is proven."""
    reason = f"restarted by {event.who}"
    stopping.change_fate(turn, _afresh(plugin), Fate(After.WAIT, Cause.OPERATOR, reason))


def restart(turn: Turn, plugin: PluginState, event: OperatorRestart) -> None:
    """Stop and start; a person's restart costs nothing."""
    reason = f"restarted by {event.who}"
    stopping.stop(turn, _afresh(plugin), Fate(After.WAIT, Cause.OPERATOR, reason))


def stop(turn: Turn, plugin: PluginState, event: OperatorStop) -> None:
    """Stop it and keep it stopped."""
    stopping.stop(turn, _afresh(plugin), Fate(After.STOP, Cause.OPERATOR, f"stopped by {event.who}"))


def stay_stopped(turn: Turn, plugin: PluginState, event: OperatorStop) -> None:
    """It is stopping already: keep it stopped then."""
    reason = f"stopped by {event.who}"
    stopping.change_fate(turn, _afresh(plugin), Fate(After.STOP, Cause.OPERATOR, reason))


def stop_at_rest(turn: Turn, plugin: PluginState, event: OperatorStop) -> None:
    """Nothing runs: it is stopped at once."""
    turn.move(_afresh(plugin), Lifecycle.STOPPED, f"stopped by {event.who}", cause=Cause.OPERATOR)


def take_out(turn: Turn, plugin: PluginState, event: OperatorQuarantine) -> None:
    """Stop it into quarantine."""
    if not _refused(turn, plugin, event):
        stopping.stop(turn, plugin, _out(event))


def take_out_after_stop(turn: Turn, plugin: PluginState, event: OperatorQuarantine) -> None:
    """It is stopping just now: quarantine follows."""
    if not _refused(turn, plugin, event):
        stopping.change_fate(turn, plugin, _out(event))


def take_out_at_rest(turn: Turn, plugin: PluginState, event: OperatorQuarantine) -> None:
    """Nothing runs: it is quarantined at once."""
    if not _refused(turn, plugin, event):
        quarantine.enter(turn, plugin, Cause.OPERATOR, _out(event).reason, trial=False)


def _out(event: OperatorQuarantine) -> Fate:
    return Fate(After.QUARANTINE, Cause.OPERATOR, f"taken out by {event.who}: {event.reason}")


def _refused(turn: Turn, plugin: PluginState, event: OperatorQuarantine) -> bool:
    if plugin.name not in turn.graph.vital:
        return False
    why = "is vital" if turn.plan_of(plugin).vital else "is needed by a vital plugin"
    turn.wish(
        RecordHealing(
            plugin.name,
            Rung.QUARANTINE,
            f"quarantine asked for by {event.who}",
            HealingOutcome.REFUSED,
            f"{plugin.name} {why} and must not be given up; qt stop {plugin.name} stops it all the same",
        )
    )
    return True


def _afresh(plugin: PluginState) -> PluginState:
    return replace(
        plugin,
        tries=NO_TRIES,
        rung=None,
        repair=None,
        trial=False,
        alarm=None,
        episode=None,
        acts=(),
        healing_spent={},
        not_before_s=None,
    )
