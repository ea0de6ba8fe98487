"""Settings, variables, options and hosts that are set and change nothing (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.config.configuration import Configuration
from qtcore.config.overrides import setting_of
from qtcore.config.problem import Problem, Weight
from qtcore.config.source_kind import SourceKind

CODE = "QT-CONFIG-UNUSED"


def unused_problems(configuration: Configuration) -> Iterator[Problem]:
    """What belongs to a plugin that is off, or to a host that nobody lives in."""
    yield from _of_plugins_that_are_off(configuration)
    used = {section.host for section in configuration.sections.plugins.values()}
    for host in configuration.sections.hosts:
        if host not in used:
            where = configuration.where(("hosts", host), about_key=True)
            sentence = f"host {host} is declared and no plugin lives in it; remove it, or name it as a plugin's `host`"
            yield Problem(sentence, Weight.NOTE, where, code=CODE, names=(f"hosts.{host}",))


def _of_plugins_that_are_off(configuration: Configuration) -> Iterator[Problem]:
    for name, section in configuration.sections.plugins.items():
        for setting in section.settings if not section.runs else ():
            path = ("plugins", name, "settings", setting)
            source = configuration.source(path)
            if source.kind in {SourceKind.ENVIRONMENT, SourceKind.ALIAS}:
                continue  # told of the variable, once for all that it sets
            outside = source.kind is SourceKind.OPTION
            sentence = f"{setting_of(path)} is set and {name} is off ({section.off_because}), so it changes nothing"
            cure = "unset it" if outside else "remove it"
            yield Problem(
                f"{sentence}; {cure}, or switch {name} on",
                Weight.FINDING if outside else Weight.NOTE,
                source.where,
                plugin=name,
                code=CODE,
                names=(setting_of(path),),
            )
