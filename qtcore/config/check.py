"""Everything that can be known before the first process starts, in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qtcore.config.audit import audit_document, audit_problems
from qtcore.config.audit_document import AuditDocument
from qtcore.config.configuration import Configuration, load_configuration
from qtcore.config.contract import contract_problems
from qtcore.config.inspection import Inspection, inspect
from qtcore.config.manifest import Manifest
from qtcore.config.plan import Blueprint, build_plan
from qtcore.config.problem import ConfigurationRefused, Problem, Weight, refuse_if_wrong


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration that can be started."""

    configuration: Configuration
    manifests: Mapping[str, Manifest]
    blueprint: Blueprint
    problems: tuple[Problem, ...]
    """Findings and notes; errors were raised."""
    audit: AuditDocument


async def check_configuration(
    path: Path,
    environment: Mapping[str, str],
    options: Mapping[str, str],
    cache_dir: Path | None,
    progress: Callable[[str], None] = lambda _: None,
) -> Checked:
    """Read, inspect and lay out; starts nothing. Raises ConfigurationRefused with every error found."""
    try:
        configuration = load_configuration(path, environment, options)
    except ConfigurationRefused as refused:
        raise await told_wholly(refused, cache_dir) from None
    inspection = await inspect(configuration, cache_dir, progress)
    problems = all_problems(configuration, inspection)
    refuse_if_wrong(problems)
    blueprint = build_plan(configuration, inspection.manifests)
    audit = audit_document(configuration, inspection.manifests, problems, datetime.now(UTC))
    return Checked(configuration, inspection.manifests, blueprint, tuple(problems), audit)


async def told_wholly(refused: ConfigurationRefused, cache_dir: Path | None) -> ConfigurationRefused:
    """The refusal with what looking at the plugins adds, so that one correction is enough."""
    if refused.understood is None:
        return refused
    inspection = await inspect(refused.understood, cache_dir)
    more = [problem for problem in all_problems(refused.understood, inspection) if problem.weight is Weight.ERROR]
    return ConfigurationRefused([*refused.problems, *more])


def all_problems(configuration: Configuration, inspection: Inspection) -> list[Problem]:
    """What the inspection, then the contract and then the audit say.

    Contract and audit are left out while a plugin cannot be read: they would blame others for its silence.
    """
    sections = configuration.sections.plugins
    unread = [name for name, manifest in inspection.manifests.items() if manifest.failure and sections[name].runs]
    if unread:
        return list(inspection.problems)
    manifests = inspection.manifests
    return [
        *inspection.problems,
        *contract_problems(configuration, manifests),
        *audit_problems(configuration, manifests),
    ]
