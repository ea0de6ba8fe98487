"""Everything that can be known before the first process starts, in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qtcore.config.configuration import Configuration, load_configuration
from qtcore.config.contract import contract_problems
from qtcore.config.inspection import Inspection, inspect
from qtcore.config.manifest import Manifest
from qtcore.config.plan import Blueprint, build_plan
from qtcore.config.problem import Problem, refuse_if_wrong


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration that can be started."""

    configuration: Configuration
    manifests: Mapping[str, Manifest]
    blueprint: Blueprint
    problems: tuple[Problem, ...]
    """Findings and notes; errors were raised."""


async def check_configuration(
    path: Path,
    environment: Mapping[str, str],
    options: Mapping[str, str],
    cache_dir: Path | None,
    progress: Callable[[str], None] = lambda _: None,
) -> Checked:
    """Read, inspect and lay out; starts nothing. Raises ConfigurationRefused with every error found."""
    configuration = load_configuration(path, environment, options)
    inspection = await inspect(configuration, cache_dir, progress)
    problems = all_problems(configuration, inspection)
    refuse_if_wrong(problems)
    blueprint = build_plan(configuration, inspection.manifests)
    return Checked(configuration, inspection.manifests, blueprint, tuple(problems))


def all_problems(configuration: Configuration, inspection: Inspection) -> list[Problem]:
    """What the inspection and then the contract say.

    The contract is left out while a plugin cannot be read: it would blame others for its silence.
    """
    sections = configuration.sections.plugins
    unread = [name for name, manifest in inspection.manifests.items() if manifest.failure and sections[name].runs]
    contract = [] if unread else contract_problems(configuration, inspection.manifests)
    return [*inspection.problems, *contract]
