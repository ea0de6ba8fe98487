"""plugins.yaml: whether it would start, what is doubtful about it, and whether it is what runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from qtcore.config.audit import audit_problems
from qtcore.config.audit_findings import findings_of
from qtcore.config.cached_manifests import cached_entries, cached_manifests
from qtcore.config.configuration import Configuration, load_configuration
from qtcore.config.contract import contract_problems
from qtcore.config.inspected import InspectionRequest
from qtcore.config.manifest import Manifest
from qtcore.config.manifest_cache import remembered_manifests
from qtcore.config.problem import ConfigurationRefused, Problem, Weight
from qtcore.config.variables import unknown_variables
from qtcore.doctor.check import Check, Fine, Patient, Skipped, Trouble, Verdict
from qtcore.errors import EnvironmentRefused
from qtcore.health import home_kinds as kinds
from qtcore.health.configuration_kinds import CHANGED
from qtcore.health.model import Finding
from qtcore.supervisor.preflight import holder_of, is_taken, ports_of

_MOST_NAMED = 10
_PATIENCE_S = 6.0
"""Reading everything that is configured takes a third of a second of processor time, which may be short."""


def loads(patient: Patient) -> Verdict:
    """The file, the environment and what was seen of the plugins last fit together."""
    if not patient.config.exists():
        return Skipped(f"there is no {patient.config}")
    try:
        configuration = _loaded(patient)
    except ConfigurationRefused as refused:
        return Trouble(tuple(map(_refused, refused.problems[:_MOST_NAMED])))
    manifests = _manifests(patient, configuration)
    errors = [problem for problem in _all(configuration, manifests) if problem.weight is Weight.ERROR]
    return Trouble.of(
        map(_refused, errors[:_MOST_NAMED]), f"{configuration.path} fits together, mode {configuration.mode}"
    )


def doubts(patient: Patient) -> Verdict:
    """What the audit doubts: of the last run elsewhere, of what would start here."""
    if patient.elsewhere or not patient.config.exists():
        audit = patient.audit
        if audit is None:
            return Skipped("nothing has been set up yet")
        return Trouble.of(findings_of(audit.problems), f"{len(audit.values)} values, nothing doubtful")
    try:
        configuration = _loaded(patient)
    except ConfigurationRefused:
        return Skipped("it would not start, which is told already")
    manifests = _manifests(patient, configuration)
    return Trouble.of(findings_of(_all(configuration, manifests)), "nothing is doubtful")


def changed(patient: Patient) -> Verdict:
    """What runs is what the file says."""
    audit = patient.audit
    if audit is None or not patient.home.running:
        return Skipped("nothing runs")
    try:
        digest = hashlib.sha256(Path(audit.file).read_bytes()).hexdigest()
    except OSError as error:
        return Trouble((CHANGED.found(f"{audit.file} cannot be read any more ({error.strerror})"),))
    if digest == audit.file_sha256:
        return Fine(f"{audit.file} is as it was at the start")
    return Trouble((CHANGED.found(f"{audit.file} was changed since the start"),))


def seen(patient: Patient) -> Verdict:
    """What is known of the plugins is what they are now."""
    if not patient.config.exists():
        return Skipped(f"there is no {patient.config}")
    try:
        configuration = _loaded(patient)
    except ConfigurationRefused:
        return Skipped("it would not start, which is told already")
    sections = configuration.sections.plugins
    requests = {
        name: InspectionRequest(name=name, use=section.use, settings=section.settings, mode=configuration.mode)
        for name, section in sections.items()
    }
    known = cached_manifests(patient.home.cache)
    current = remembered_manifests(patient.home.cache, requests, configuration.root)
    keyless = _looked_at_each_time(patient)
    old = sorted(name for name in requests if name not in current and name not in keyless)
    if not known:
        return Skipped("no plugin has been looked at yet; `qt check` does")
    if not old:
        return Fine(f"{len(requests)} plugins are as they were when they were looked at")
    return Trouble((kinds.UNSEEN.found(f"{', '.join(old)} changed since they were looked at"),))


def ports(patient: Patient) -> Verdict:
    """Ports that plugins listen on are free, or held by what runs here."""
    if patient.home.running:
        return Fine("they are held by what runs here")
    if not patient.config.exists():
        return Skipped(f"there is no {patient.config}")
    try:
        configuration = _loaded(patient)
    except ConfigurationRefused:
        return Skipped("it would not start, which is told already")
    wanted = list(ports_of(configuration, _manifests(patient, configuration)))
    told = ", ".join(f"{port} ({plugin})" for plugin, _, port in wanted if port)
    return Trouble.of(_taken(wanted), f"free: {told}" if told else "no fixed port is needed")


def _taken(wanted: list[tuple[str, str, int]]) -> Iterator[Finding]:
    for plugin, _, port in wanted:
        try:
            if port and is_taken(port):
                yield kinds.PORT.found(f"port {port} of {plugin} is held by {holder_of(port)}", subject=f"port {port}")
        except EnvironmentRefused as error:
            yield kinds.PORT.found(str(error), subject=f"port {port}")


def _loaded(patient: Patient) -> Configuration:
    return load_configuration(patient.config, patient.environment, {})


def _manifests(patient: Patient, configuration: Configuration) -> dict[str, Manifest]:
    """Of the configured plugins, as far as they were looked at; what another version wrote is passed over."""
    found = {}
    for name, data in cached_manifests(patient.home.cache).items():
        if name in configuration.sections.plugins:
            try:
                found[name] = Manifest.model_validate(data)
            except ValidationError:
                continue
    return found


def _all(configuration: Configuration, manifests: dict[str, Manifest]) -> list[Problem]:
    """Contract and audit, where every plugin that runs has been looked at; else only what needs no look."""
    sections = configuration.sections.plugins
    if any(section.runs and name not in manifests for name, section in sections.items()):
        return []
    problems = contract_problems(configuration, {**_absent(configuration), **manifests})
    return [*problems, *audit_problems(configuration, manifests), *unknown_variables(configuration, manifests)]


def _absent(configuration: Configuration) -> dict[str, Manifest]:
    """Stand-ins for plugins that are off and were never looked at."""
    return {name: Manifest(name=name, use=section.use) for name, section in configuration.sections.plugins.items()}


def _looked_at_each_time(patient: Patient) -> set[str]:
    """Plugins whose settings are checked against the world: what was seen of them is never kept as current."""
    return {name for name, entry in cached_entries(patient.home.cache).items() if entry.get("key") == ""}


def _refused(problem: Problem) -> Finding:
    return kinds.REFUSED.found(str(problem), subject=problem.where or problem.plugin or "")


CHECKS = (
    Check("configuration", loads, _PATIENCE_S),
    Check("configuration.audit", doubts, _PATIENCE_S, elsewhere=True),
    Check("configuration.changed", changed),
    Check("configuration.plugins", seen, _PATIENCE_S),
    Check("machine.ports", ports, _PATIENCE_S),
)
