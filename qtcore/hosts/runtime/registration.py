"""Registers plugin objects with pluggy, which validates and orders their hooks; it never runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, cast

import pluggy

from qtcore.config.declarations import validated_hooks
from qtcore.hooks import PROJECT, HookCall, PluginSpec
from qtcore.plugin import Plugin

Wrapper = AbstractAsyncContextManager[None]


@dataclass(frozen=True, slots=True)
class Implementation:
    """One plugin's implementation of one hook."""

    function: Callable[..., Any]
    parameters: tuple[str, ...]

    def pick(self, offered: dict[str, Any]) -> dict[str, Any]:
        """Of what is offered, the arguments that it takes."""
        return {name: offered[name] for name in self.parameters}


class _Manager(pluggy.PluginManager):
    """Does not look for hooks among Python's own attributes, which takes most of pluggy's time to register."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        return None if name.startswith("__") else super().parse_hookimpl_opts(plugin, name)


class HookRegister:
    """The plugin objects of one host, as pluggy knows them."""

    def __init__(self) -> None:
        self._manager = _Manager(PROJECT)
        self._manager.add_hookspecs(PluginSpec)

    def register(self, plugin: Plugin[Any], name: str) -> None:
        """Add a plugin object. Raises Unloadable when a hook of its class does not fit."""
        try:
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except pluggy.PluginValidationError:
            self.unregister(plugin)
            validated_hooks(type(plugin))  # says the same in a sentence
            raise
        if self.implementation(plugin, "start") is None:
            self.unregister(plugin)
            validated_hooks(type(plugin))

    def unregister(self, plugin: Plugin[Any]) -> None:
        """Forget a plugin object; nothing happens when it is not known."""
        if self._manager.is_registered(plugin):
            self._manager.unregister(plugin)

    def implementation(self, plugin: Plugin[Any], hook: str) -> Implementation | None:
        """How this plugin implements `hook`, if it does."""
        for impl in getattr(self._manager.hook, hook).get_hookimpls():
            if impl.plugin is plugin:
                return Implementation(impl.function, tuple(impl.argnames))
        return None

    def around(self, call: HookCall) -> Iterator[Wrapper]:
        """The wrappers that the host's plugins put around a call, outermost first."""
        for impl in reversed(self._manager.hook.around.get_hookimpls()):
            wrapper = cast("Wrapper | None", impl.function(*([call] if impl.argnames else [])))
            if wrapper is not None:
                yield wrapper
