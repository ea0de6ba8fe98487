"""Who needs whom: validation, start order, dependents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter

from qtcore.errors import ConfigurationError
from qtcore.kernel.specification import Plan, PluginPlan


@dataclass(frozen=True, slots=True)
class Graph:
    """What follows from a plan's `needs`, `wants` and `after`, worked out once.

    `order` is a start order. `followers` are the plugins that directly need a plugin or come after it:
    they stop before it does. `needed_by` holds who reaches a plugin through needs over any number of steps.
    `vital` holds the vital plugins and everything that these need: who may not be given up may not lose what it
    stands on. `companions` reach a plugin through needs or wants without being among these (they are
    paused with it anyway) or vital: they are what a restart of the group restarts besides.
    """

    order: tuple[str, ...]
    followers: Mapping[str, frozenset[str]]
    needed_by: Mapping[str, frozenset[str]]
    companions: Mapping[str, frozenset[str]]
    vital: frozenset[str]

    @classmethod
    def of(cls, plan: Plan) -> Graph:
        """Work out the graph. Raises ConfigurationError naming every problem of `problems()`."""
        found = problems(plan)
        if found:
            raise ConfigurationError("; ".join(found))
        plugins = plan.plugins
        dependents = _reached(plugins, lambda plugin: plugin.needs)
        reached = _reached(plugins, lambda plugin: plugin.needs | plugin.wants)
        vital = _vital(plugins)
        return cls(
            order=_order(plugins),
            followers={name: _direct(plugins, name) for name in plugins},
            needed_by=dependents,
            companions={name: reached[name] - dependents[name] - vital for name in plugins},
            vital=vital,
        )

    def dependents(self, name: str) -> frozenset[str]:
        """Who is paused while the plugin `name` is away."""
        return self.needed_by[name]


def problems(plan: Plan) -> tuple[str, ...]:
    """Every reason why this plan cannot be run, one sentence each; empty when it can."""
    wrong = (*_wrong_names(plan), *_wrong_limits(plan))
    if wrong:
        return wrong
    cycle = _cycle(plan.plugins)
    return () if cycle is None else (_cycle_sentence(plan.plugins, cycle),)


def _wrong_names(plan: Plan) -> Iterator[str]:
    for name, plugin in plan.plugins.items():
        for word, others in (("needs", plugin.needs), ("wants", plugin.wants), ("after", plugin.after)):
            for other in sorted(others):
                if other not in plan.plugins:
                    yield f"{name}.{word} names {other!r}, which is no plugin{_meant(other, plan.plugins)}"
                elif other == name:
                    yield f"{name}.{word} names itself; take it out"
        if plugin.host not in plan.hosts:
            yield f"{name}.host names {plugin.host!r}, which is no host{_meant(plugin.host, plan.hosts)}"


def _wrong_limits(plan: Plan) -> Iterator[str]:
    if plan.starts_in_flight < 1:
        yield f"starts_in_flight is {plan.starts_in_flight}, so nothing could ever start; give at least 1"
    levels = plan.posture.levels
    if plan.vital_posture is not None and plan.vital_posture not in levels:
        yield f"the posture for absent vital plugins, {plan.vital_posture!r}, is not on the scale {list(levels)}"


def _meant(word: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(known))}"


def _before(plugins: Mapping[str, PluginPlan]) -> dict[str, list[str]]:
    return {name: sorted(plugin.needs | plugin.after) for name, plugin in plugins.items()}


def _cycle(plugins: Mapping[str, PluginPlan]) -> list[str] | None:
    try:
        TopologicalSorter(_before(plugins)).prepare()
    except CycleError as error:
        # graphlib lists each node before the one that waits for it; people read "a waits for b".
        found: list[str] = list(reversed(error.args[1]))[:-1]
        first = found.index(min(found))
        return [*found[first:], *found[: first + 1]]
    return None


def _cycle_sentence(plugins: Mapping[str, PluginPlan], cycle: list[str]) -> str:
    drawn = " → ".join(cycle)
    last, first = cycle[-2], cycle[-1]
    word = "needs" if first in plugins[last].needs else "after"
    return f"plugins wait for each other in a circle: {drawn}; take one out, for example {first} from {last}.{word}"


def _order(plugins: Mapping[str, PluginPlan]) -> tuple[str, ...]:
    sorter = TopologicalSorter(_before(plugins))
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        level = sorted(sorter.get_ready(), key=lambda name: (not plugins[name].vital, name))
        order += level
        sorter.done(*level)
    return tuple(order)


def _direct(plugins: Mapping[str, PluginPlan], name: str) -> frozenset[str]:
    return frozenset(other for other, plan in plugins.items() if name in plan.needs | plan.after)


def _reached(
    plugins: Mapping[str, PluginPlan], edges: Callable[[PluginPlan], frozenset[str]]
) -> dict[str, frozenset[str]]:
    direct = {name: {other for other, plan in plugins.items() if name in edges(plan)} for name in plugins}
    return {name: _closure(direct, name) for name in plugins}


def _closure(direct: Mapping[str, set[str]], start: str) -> frozenset[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        fresh = direct[todo.pop()] - seen
        seen |= fresh
        todo += sorted(fresh)
    return frozenset(seen - {start})


def _vital(plugins: Mapping[str, PluginPlan]) -> frozenset[str]:
    needs = {name: set(plan.needs) for name, plan in plugins.items()}
    named = {name for name, plan in plugins.items() if plan.vital}
    return frozenset(named.union(*(_closure(needs, name) for name in named)))
