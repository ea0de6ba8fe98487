"""Values that come from outside the file: the environment, names of old, and options of `qt up`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qtcore.config.credentials import is_telling
from qtcore.config.problem import ConfigurationRefused, Problem, did_you_mean
from qtcore.config.sections import AliasSection, Sections
from qtcore.config.shape import Location
from qtcore.config.source_file import parse_source
from qtcore.config.source_kind import SourceKind

PREFIX = "QT_"
_COMMENT = re.compile(r"\S\s+#(\s|\w)")
SEPARATOR = "__"
MODE_PATH: Location = ("application", "mode")


@dataclass(frozen=True, slots=True)
class Source:
    """The origin of one value: `plugins.yaml:12:5`, a variable's name, or `--market`."""

    kind: SourceKind
    where: str


@dataclass(frozen=True, slots=True)
class Override:
    """One value to put in place of what the file says."""

    path: Location
    value: Any
    source: Source


@dataclass(frozen=True, slots=True)
class ModeChoice:
    """A variable that does not name one mode, but says which it may be."""

    modes: tuple[str, ...]
    source: Source


def mode_choices_of(sections: Sections, environment: Mapping[str, str]) -> list[ModeChoice]:
    """What variables of other names leave open about the mode."""
    translated = (
        (variable, alias.values.get(environment[variable].strip().lower()))
        for variable, alias in sections.aliases.items()
        if variable in environment
    )
    return [
        ModeChoice(value, Source(SourceKind.ALIAS, variable))
        for variable, value in translated
        if isinstance(value, tuple)
    ]


def overrides_of(
    sections: Sections, environment: Mapping[str, str], options: Mapping[str, str]
) -> tuple[list[Override], list[Problem]]:
    """All overrides, weakest first, and what is wrong with them."""
    found: list[Override] = []
    problems: list[Problem] = []
    readers = (_aliases(sections, environment), _settings(sections, environment), _options(sections, options))
    for item in (item for reader in readers for item in reader):
        if isinstance(item, Problem):
            problems.append(item)
        elif commented := _commented(item):
            problems.append(commented)
        else:
            found.append(item)
    return found, [*dict.fromkeys(problems), *_contradictions(found)]


def path_of(setting: str) -> Location:
    """`plugin.setting` as a location in the file."""
    if setting == ".".join(str(part) for part in MODE_PATH):
        return MODE_PATH
    plugin, *steps = setting.split(".")
    return ("plugins", plugin, "settings", *steps)


def setting_of(path: Location) -> str:
    """The inverse of `path_of`, for sentences."""
    steps = path if path == MODE_PATH else (path[1], *path[3:])
    return ".".join(str(step) for step in steps)


def variable_of(plugin: str, setting: str) -> str:
    """The environment variable that overrides a setting."""
    return PREFIX + plugin.upper() + SEPARATOR + setting.replace(".", SEPARATOR).upper()


def _settings(sections: Sections, environment: Mapping[str, str]) -> Iterable[Override | Problem]:
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or SEPARATOR not in variable or variable in sections.aliases:
            continue
        plugin, *steps = variable.removeprefix(PREFIX).lower().split(SEPARATOR)
        if plugin not in sections.plugins:
            known = [variable_of(name, ".".join(steps)) for name in sections.plugins]
            sentence = f'there is no plugin "{plugin}" for this variable{did_you_mean(variable, known)}'
            yield Problem(_ended(sentence, "unset it or correct it"), where=variable)
            continue
        source = Source(SourceKind.ENVIRONMENT, variable)
        yield _override(("plugins", plugin, "settings", *steps), text, source)


def _aliases(sections: Sections, environment: Mapping[str, str]) -> Iterable[Override | Problem]:
    for variable, alias in sections.aliases.items():
        if variable in environment:
            yield from _alias(variable, alias, environment[variable])


def _alias(variable: str, alias: AliasSection, text: str) -> Iterable[Override | Problem]:
    if alias.values:
        translated = alias.values.get(text.strip().lower())
        if translated is None:
            yield Problem(f"it must be one of {', '.join(alias.values)}; correct it or unset it", where=variable)
            return
        if isinstance(translated, tuple):
            return  # it sets nothing: `mode_choices_of` tells what it leaves open
        text = translated
    for setting in alias.sets:
        yield _override(path_of(setting), text, Source(SourceKind.ALIAS, variable))


def _options(sections: Sections, options: Mapping[str, str]) -> Iterable[Override | Problem]:
    for name, text in options.items():
        if name in sections.options:
            yield _override(path_of(sections.options[name]), text, Source(SourceKind.OPTION, f"--{name}"))
        else:
            known = [f"--{option}" for option in sections.options]
            yield Problem(f"plugins.yaml declares no such option{did_you_mean(f'--{name}', known)}", where=f"--{name}")


def _override(path: Location, text: str, source: Source) -> Override:
    """Text stays text (pydantic turns it into numbers and booleans); a whole `[…]` or `{…}` is read as YAML."""
    if text.strip()[:1] not in {"[", "{"}:
        return Override(path, text, source)
    try:
        return Override(path, parse_source(text, source.where).data, source)
    except ConfigurationRefused:
        return Override(path, text, source)  # it may be a password; where a list is needed, pydantic says so


def _commented(override: Override) -> Problem | None:
    """`4 # slots`: in an environment file the comment belongs to the value, which is not what was meant."""
    if not isinstance(override.value, str) or not _COMMENT.search(override.value):
        return None
    value = "its value" if is_telling(override.source.where) else f'"{override.value}"'
    sentence = f"{value} ends in a comment, which is taken as a part of it; write the value alone"
    return Problem(sentence, where=override.source.where, names=(override.source.where,))


def _contradictions(overrides: Iterable[Override]) -> list[Problem]:
    """Two variables that set one value differently: neither is more right than the other."""
    problems: list[Problem] = []
    said: dict[Location, Override] = {}
    for override in overrides:
        if override.source.kind is SourceKind.OPTION:
            continue
        first = said.setdefault(override.path, override)
        if first.value != override.value:
            both = f"{first.source.where} and {override.source.where}"
            sentence = f"{both} contradict each other about {setting_of(override.path)}; unset one of them"
            problems.append(Problem(sentence))
    return problems


def _ended(sentence: str, cure: str) -> str:
    return sentence if sentence.endswith("?") else f"{sentence}; {cure}"
