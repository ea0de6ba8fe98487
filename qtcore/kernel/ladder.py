"""The ladder: which act comes after one that did not help, and which rungs make sense just now."""

from __future__ import annotations

from qtcore.health.model import Rung
from qtcore.kernel.state import ACTIVE, PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import HostState, Lifecycle

_ORDER = (
    Rung.HEAL,
    Rung.RESTART_PLUGIN,
    Rung.RESTART_GROUP,
    Rung.RECREATE_HOST,
    Rung.QUARANTINE,
    Rung.TELL_PERSON,
)


def height(rung: Rung | None) -> int:
    """How far up the ladder; -1 before the first act."""
    return -1 if rung is None else _ORDER.index(rung)


def climb(turn: Turn, plugin: PluginState, used: Rung | None) -> Rung:
    """The next rung above `used` that can change anything; telling a person is always left."""
    above = _ORDER[height(used) + 1 :]
    return next((rung for rung in above if _makes_sense(turn, plugin, rung)), Rung.TELL_PERSON)


def companions(turn: Turn, plugin: PluginState) -> list[PluginState]:
    """Who would be restarted with it besides its dependents, which are paused anyway."""
    named = turn.graph.companions[plugin.name]
    return [turn.plugins[name] for name in sorted(named) if turn.plugins[name].lifecycle in _CAN_STOP]


_CAN_STOP = ACTIVE - {Lifecycle.STOPPING}


def _makes_sense(turn: Turn, plugin: PluginState, rung: Rung) -> bool:
    match rung:
        case Rung.RESTART_GROUP:
            return bool(companions(turn, plugin))
        case Rung.RECREATE_HOST:
            return _host_may_die(turn, plugin)
        case Rung.QUARANTINE:
            return plugin.name not in turn.graph.vital
        case _:
            return True


def _host_may_die(turn: Turn, plugin: PluginState) -> bool:
    """A process that just died is new already, and no vital neighbour pays for another's trouble."""
    host = turn.host_of(plugin)
    neighbours = (other for other in turn.tenants(host.name) if other.name != plugin.name and other.active)
    return host.state is HostState.UP and not any(other.name in turn.graph.vital for other in neighbours)
