"""A loaded plugin: its object, its context, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from qtcore.control.host_message import Assignment
from qtcore.hosts.runtime.actions import Actions
from qtcore.hosts.runtime.belongings import Belongings
from qtcore.hosts.runtime.context import HostContext
from qtcore.hosts.runtime.dispatcher import Dispatcher
from qtcore.hosts.runtime.loading import Loaded, build_settings, keep_secret
from qtcore.hosts.runtime.surroundings import Slot, Surroundings
from qtcore.hosts.runtime.timers import Timer, timers_of
from qtcore.plugin import Plugin


@dataclass(frozen=True, slots=True)
class Live:
    """One plugin object, ready for its hooks to be called."""

    plugin: Plugin[Any]
    ctx: HostContext[Any]
    dispatcher: Dispatcher
    actions: Actions
    timers: dict[str, Timer]
    loaded: Loaded

    def hook(self, name: str, **offered: object) -> Callable[[], Any] | None:
        """The plugin's implementation of a hook, bound to what it takes; None when it has none."""
        found = self.dispatcher.hooks.implementation(self.plugin, name)
        if found is None:
            return None
        return partial(found.function, **found.pick({"ctx": self.ctx, **offered}))


def bring_to_life(
    assignment: Assignment,
    loaded: Loaded,
    *,
    slot: Slot,
    around: Surroundings,
    belongings: Belongings,
    on_ready: Callable[[], None],
) -> Live:
    """Build and register the plugin object. Raises ConfigurationError, Unloadable, or what its `__init__` raises."""
    settings = build_settings(loaded.cls, assignment.settings, assignment.plugin)
    keep_secret(settings)
    _make_topics_known(loaded, around)
    plugin = loaded.cls()
    name, generation = assignment.plugin, assignment.generation
    ctx = HostContext(assignment, settings, plugin=loaded.cls, slot=slot, around=around, on_ready=on_ready)
    dispatcher = Dispatcher(name, generation, around.hooks, belongings, around.tracer, slot.note_entered)
    timers = timers_of(plugin, ctx, dispatcher, ctx.log)
    actions = Actions(plugin)
    around.hooks.register(plugin, f"{name}#{generation}")
    return Live(plugin, ctx, dispatcher, actions, timers, loaded)


def _make_topics_known(loaded: Loaded, around: Surroundings) -> None:
    reads = (*loaded.cls.reads, *loaded.cls.optional_reads)
    for topic in (*reads, *loaded.cls.writes):
        around.bus.declare(topic)
    if around.bus.wire is not None:
        for topic in reads:
            around.bus.wire.follow(topic)
