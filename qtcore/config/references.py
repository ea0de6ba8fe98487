"""Checks what the sections say about each other, before any plugin is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from qtcore.config.overrides import SEPARATOR, path_of
from qtcore.config.problem import Problem, did_you_mean
from qtcore.config.sections import Sections
from qtcore.config.shape import Location
from qtcore.config.source_file import SourceFile

DEFAULT_HOST = "main"


def reference_problems(sections: Sections, source: SourceFile) -> list[Problem]:
    """Names that stand for nothing, settings of the scale that are off the scale, and cycles."""
    checks = (_names, _dependencies, _hosts, _posture, _mode, _setting_names, _cycles)
    return [problem for check in checks for problem in check(sections, source)]


def _names(sections: Sections, source: SourceFile) -> Iterator[Problem]:
    for name in sections.plugins:
        if SEPARATOR in name:
            sentence = f'"{name}" holds "{SEPARATOR}", which separates names in variables; use a single _'
            yield Problem(sentence, where=str(source.place(("plugins", name))))


def _dependencies(sections: Sections, source: SourceFile) -> Iterator[Problem]:
    for name, plugin in sections.plugins.items():
        for kind in ("needs", "wants", "after"):
            for index, other in enumerate(getattr(plugin, kind)):
                where = str(source.value_place(("plugins", name, kind, index)))
                if other == name:
                    yield Problem(f'"{kind}" names the plugin itself; remove it', where=where, plugin=name)
                elif other not in sections.plugins:
                    cure = did_you_mean(other, sections.plugins.keys() - {name})
                    yield Problem(f'"{kind}" names unknown plugin "{other}"{cure}', where=where, plugin=name)
                elif kind == "needs" and plugin.runs and not sections.plugins[other].runs:
                    sentence = f'it needs "{other}", which is disabled; enable it or disable this one too'
                    yield Problem(sentence, where=where, plugin=name)


def _hosts(sections: Sections, source: SourceFile) -> Iterator[Problem]:
    known = {DEFAULT_HOST, *sections.hosts}
    for name, plugin in sections.plugins.items():
        if plugin.host not in known:
            where = str(source.value_place(("plugins", name, "host")))
            cure = did_you_mean(plugin.host, known)
            sentence = f'host "{plugin.host}" is not declared under "hosts"{cure}'
            yield Problem(sentence, where=where, plugin=name)


def _posture(sections: Sections, source: SourceFile) -> Iterator[Problem]:
    posture = sections.posture
    for key in ("when_unknown", "vital"):
        level = getattr(posture, key)
        if level is not None and level not in posture.levels:
            cure = did_you_mean(level, posture.levels)
            where = str(source.value_place(("posture", key)))
            yield Problem(f'posture.{key} "{level}" is not one of the levels{cure}', where=where)
    for index, name in enumerate(posture.required):
        if name not in sections.plugins:
            cure = did_you_mean(name, sections.plugins)
            where = str(source.value_place(("posture", "required", index)))
            yield Problem(f'posture.required names unknown plugin "{name}"{cure}', where=where)


def _mode(sections: Sections, source: SourceFile) -> Iterator[Problem]:
    application = sections.application
    if application.modes and application.mode not in application.modes:
        cure = did_you_mean(application.mode, application.modes)
        where = str(source.value_place(("application", "mode")))
        yield Problem(f'application.mode "{application.mode}" is no mode of this application{cure}', where=where)


def _setting_names(sections: Sections, source: SourceFile) -> Iterator[Problem]:
    targets: list[tuple[Location, str]] = [(("options", name), path) for name, path in sections.options.items()]
    targets += [(("aliases", name), path) for name, alias in sections.aliases.items() for path in alias.sets]
    for place, setting in targets:
        path = path_of(setting)
        if path[0] == "plugins" and path[1] not in sections.plugins:
            cure = did_you_mean(str(path[1]), sections.plugins)
            sentence = f'"{place[1]}" sets {setting}, but there is no plugin "{path[1]}"{cure}'
            yield Problem(sentence, where=str(source.value_place(place)))


def _cycles(sections: Sections, source: SourceFile) -> Iterator[Problem]:
    graph = {name: {*plugin.needs, *plugin.after} - {name} for name, plugin in sections.plugins.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))  # graphlib lists each node before those that wait for it
        drawn = " → ".join(cycle)
        sentence = f"the plugins wait for each other in a circle: {drawn}; remove one of these needs or after"
        yield Problem(sentence, where=str(source.place(("plugins", cycle[0]))))
