"""Reads `plugins.yaml` and lays the environment and the options over it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qtcore.config.overrides import (
    MODE_PATH,
    PREFIX,
    ModeChoice,
    Override,
    Source,
    mode_choices_of,
    overrides_of,
)
from qtcore.config.problem import ConfigurationRefused, Problem, refuse_if_wrong
from qtcore.config.references import reference_problems
from qtcore.config.sections import Sections
from qtcore.config.shape import Location, misfits
from qtcore.config.source_file import SourceFile, read_source
from qtcore.config.source_kind import SourceKind

FILE_NAME = "plugins.yaml"


@dataclass(frozen=True, slots=True)
class Configuration:
    """The effective configuration and where each of its values comes from."""

    path: Path
    """The file, absolute."""
    sections: Sections
    file: SourceFile
    overridden: Mapping[Location, Source]
    variables: frozenset[str]
    """Names of the environment's variables that carry our prefix."""

    @property
    def sha256(self) -> str:
        """Of the file as it was read."""
        return self.file.sha256

    @property
    def root(self) -> Path:
        """The folder of the file; it is put on the import path of hosts and inspector."""
        return self.path.parent

    @property
    def mode(self) -> str:
        """The world the application acts on."""
        return self.sections.application.mode

    def source(self, path: Location) -> Source:
        """Where the value at `path` comes from; the nearest override or key around it decides."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.overridden:
                return self.overridden[path[:length]]
        if path in self.file.places:
            return Source(SourceKind.FILE, str(self.file.places[path]))
        return Source(SourceKind.DEFAULT, "default")

    def where(self, path: Location, *, about_key: bool = False) -> str:
        """The best place to send a person who must change the value at `path`."""
        source = self.source(path)
        if source.kind in {SourceKind.DEFAULT, SourceKind.FILE}:
            return str(self.file.place(path) if about_key else self.file.value_place(path))
        return source.where


def load_configuration(path: Path, environment: Mapping[str, str], options: Mapping[str, str]) -> Configuration:
    """Read, check and overlay the configuration at `path`.

    `environment` is usually `os.environ`; `options` are those of `qt up`, by name without dashes.
    Raises ConfigurationRefused with one problem for each thing that is wrong.
    """
    file = read_source(path)
    sections = _validated(file.data, file, {})
    variables = frozenset(name for name in environment if name.startswith(PREFIX))
    overrides, problems = overrides_of(sections, environment, options)
    problems += _mode_contradictions(file, overrides)
    problems += _modes_not_meant(sections, file, mode_choices_of(sections, environment))
    refuse_if_wrong([*problems, *wrong] if (wrong := reference_problems(sections, file)) else [])
    if problems:
        # The mode is what is contradicted most, and with another one everything else would look wrong.
        overrides = [override for override in overrides if override.path != MODE_PATH]
    overridden = {override.path: override.source for override in overrides}
    if overrides:
        try:
            sections = _validated(_laid_over(file.data, overrides), file, overridden)
            refuse_if_wrong(reference_problems(sections, file))
        except ConfigurationRefused as refused:
            raise ConfigurationRefused([*problems, *refused.problems]) from None
    understood = Configuration(path.absolute(), sections, file, overridden, variables)
    if problems:
        raise ConfigurationRefused(problems, understood)
    return understood


def _validated(data: Any, file: SourceFile, overridden: Mapping[Location, Source]) -> Sections:
    try:
        return Sections.model_validate(data)
    except ValidationError as error:
        refuse_if_wrong(_shape_problems(error, file, overridden))
        raise


def _shape_problems(
    error: ValidationError, file: SourceFile, overridden: Mapping[Location, Source]
) -> Iterable[Problem]:
    for misfit in misfits(error, Sections):
        place = (file.place if misfit.about_key else file.value_place)(misfit.location)
        source = overridden.get(misfit.location)
        match misfit.location:
            case ("plugins", name, _, *_):
                plugin: str | None = str(name)
            case _:
                plugin = None
        yield Problem(misfit.sentence, where=source.where if source else str(place), plugin=plugin)


def _laid_over(data: Any, overrides: Iterable[Override]) -> Any:
    result = copy.deepcopy(data)
    for override in overrides:
        node = result
        for step in override.path[:-1]:
            below = node.get(step)
            node[step] = node = below if isinstance(below, dict) else {}
        node[override.path[-1]] = override.value
    return result


def _mode_contradictions(file: SourceFile, overrides: Iterable[Override]) -> list[Problem]:
    """The mode is never decided by precedence: whoever names another one than the file is refused."""
    written = file.data.get("application", {}).get("mode")
    return [
        Problem(
            f"{file.value_place(MODE_PATH)} says mode {written}, {override.source.where} says {override.value}; "
            "make them agree"
        )
        for override in overrides
        if override.path == MODE_PATH and written is not None and override.value != written
    ]


def _modes_not_meant(sections: Sections, file: SourceFile, choices: Iterable[ModeChoice]) -> list[Problem]:
    """The same for variables that only say which modes they leave open."""
    mode = sections.application.mode
    return [
        Problem(
            f"{file.value_place(MODE_PATH)} says mode {mode}, {choice.source.where} says {' or '.join(choice.modes)}; "
            "make them agree"
        )
        for choice in choices
        if mode not in choice.modes
    ]
