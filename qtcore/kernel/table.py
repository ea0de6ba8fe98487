"""The whole kernel at a glance: what each event means in each lifecycle. Nothing is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtcore.kernel import ending, healing, operating, proof, quarantine, shutdown, starting, stopping
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
from qtcore.kernel.state import PluginState
from qtcore.kernel.turn import Turn
from qtcore.kernel.words import Lifecycle

Handler = Callable[[Turn, PluginState, Any], None]
"""What happens to one plugin; `Any` because each cell takes the one event of its row."""


def unaffected(why: str) -> Handler:
    """The event is expected here and changes nothing for the plugin."""

    def nothing(_turn: Turn, _plugin: PluginState, _event: Event) -> None:
        """Do nothing, on purpose."""

    nothing.__doc__ = why
    return nothing


def ignored(why: str) -> Handler:
    """The event does not fit this lifecycle; that it came is counted."""

    def count(turn: Turn, plugin: PluginState, event: Event) -> None:
        turn.unfit(f"{type(event).__name__} for {plugin.name} ({plugin.lifecycle}): {why}")

    count.__doc__ = why
    return count


_GATES = unaffected("the gates look at every plugin after each event")
_POSTURE = unaffected("a claim concerns the posture, not a plugin's life")
_HOST_TOLD = unaffected("the host is being killed; its death is what counts")
_NOT_THERE = unaffected("no generation of it is in that host")
_NO_LIMIT = unaffected("it waits for an event, not for a time")
_OVER = ignored("that generation is over")
_OLD_READING = unaffected("a reading of a generation that is over says nothing")
_LEVEL_BY_LEVEL = unaffected("it stops when nobody relies on it any more")
_DOWN = unaffected("it is not running")
_ASKED = ignored("it was not asked to stop")

_D, _W, _S, _R, _H, _B, _Q, _X, _O = Lifecycle

_ROWS: dict[type[Event], dict[Lifecycle, Handler]] = {
    SupervisorStarted: dict.fromkeys(Lifecycle, _GATES),
    ClaimMade: dict.fromkeys(Lifecycle, _POSTURE),
    HostUp: dict.fromkeys(Lifecycle, _GATES),
    HostSuspected: dict.fromkeys(Lifecycle, _HOST_TOLD),
    HostGone: {
        _D: _NOT_THERE,
        _W: _NOT_THERE,
        _S: ending.with_host,
        _R: ending.with_host,
        _H: ending.with_host,
        _B: _NOT_THERE,
        _Q: _NOT_THERE,
        _X: ending.as_asked,
        _O: _NOT_THERE,
    },
    PluginLoaded: {
        _D: _OVER,
        _W: _OVER,
        _S: unaffected("readiness counts, not loading"),
        _R: ignored("it is ready already"),
        _H: ignored("it is ready already"),
        _B: _OVER,
        _Q: _OVER,
        _X: unaffected("it is being stopped"),
        _O: _OVER,
    },
    PluginReady: {
        _D: _OVER,
        _W: _OVER,
        _S: proof.ready,
        _R: ignored("it said ready before"),
        _H: ignored("it said ready before"),
        _B: _OVER,
        _Q: _OVER,
        _X: unaffected("it turned ready too late: it is being stopped"),
        _O: _OVER,
    },
    PluginEnded: {
        _D: _OVER,
        _W: _OVER,
        _S: ending.by_itself,
        _R: ending.by_itself,
        _H: ending.by_itself,
        _B: _OVER,
        _Q: _OVER,
        _X: ending.as_asked,
        _O: _OVER,
    },
    PluginDeaf: {
        _D: _OVER,
        _W: _OVER,
        _S: _ASKED,
        _R: _ASKED,
        _H: _ASKED,
        _B: _OVER,
        _Q: _OVER,
        _X: stopping.deaf,
        _O: _OVER,
    },
    HealthSeen: {
        _D: _OLD_READING,
        _W: _OLD_READING,
        _S: unaffected("before it is ready its health says nothing"),
        _R: healing.seen,
        _H: healing.rechecked,
        _B: _OLD_READING,
        _Q: _OLD_READING,
        _X: unaffected("it is being stopped"),
        _O: _OLD_READING,
    },
    HealEnded: {
        _D: _OVER,
        _W: _OVER,
        _S: ignored("no heal was asked for"),
        _R: ignored("its heal ended too late: the act was judged already"),
        _H: healing.heal_ended,
        _B: _OVER,
        _Q: _OVER,
        _X: unaffected("it is being stopped"),
        _O: _OVER,
    },
    OperatorStart: {
        _D: operating.start,
        _W: unaffected("it starts as soon as its gates are open"),
        _S: unaffected("it is starting"),
        _R: unaffected("it is running"),
        _H: unaffected("it is running"),
        _B: operating.start,
        _Q: operating.start,
        _X: operating.start_after_stop,
        _O: operating.start,
    },
    OperatorStop: {
        _D: unaffected("it is disabled and stays so"),
        _W: operating.stop_at_rest,
        _S: operating.stop,
        _R: operating.stop,
        _H: operating.stop,
        _B: operating.stop_at_rest,
        _Q: operating.stop_at_rest,
        _X: operating.stay_stopped,
        _O: unaffected("it is stopped already"),
    },
    OperatorRestart: {
        _D: ignored("it is disabled; start it instead"),
        _W: unaffected("it starts as soon as its gates are open"),
        _S: operating.restart,
        _R: operating.restart,
        _H: operating.restart,
        _B: operating.start,
        _Q: operating.start,
        _X: operating.start_after_stop,
        _O: operating.start,
    },
    OperatorQuarantine: {
        _D: unaffected("it is disabled and stays so"),
        _W: operating.take_out_at_rest,
        _S: operating.take_out,
        _R: operating.take_out,
        _H: operating.take_out,
        _B: operating.take_out_at_rest,
        _Q: operating.take_out_at_rest,
        _X: operating.take_out_after_stop,
        _O: operating.take_out_at_rest,
    },
    ShutDown: {
        _D: _DOWN,
        _W: shutdown.at_rest,
        _S: _LEVEL_BY_LEVEL,
        _R: _LEVEL_BY_LEVEL,
        _H: _LEVEL_BY_LEVEL,
        _B: shutdown.at_rest,
        _Q: _DOWN,
        _X: shutdown.while_stopping,
        _O: _DOWN,
    },
    Tick: {
        _D: _NO_LIMIT,
        _W: _NO_LIMIT,
        _S: starting.overdue,
        _R: proof.advance,
        _H: healing.overdue,
        _B: starting.backoff_over,
        _Q: quarantine.try_once,
        _X: stopping.deaf,
        _O: _NO_LIMIT,
    },
}

TABLE: dict[tuple[Lifecycle, type[Event]], Handler] = {
    (lifecycle, event): handler for event, row in _ROWS.items() for lifecycle, handler in row.items()
}
"""(lifecycle, type of event) -> what happens to the plugin."""
