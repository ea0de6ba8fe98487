"""One examination: what there is to look at, all of it looked at at once, and what was seen."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from qtcore.config.cached_manifests import cached_entries, cached_manifests
from qtcore.config.manifest import CheckSpec
from qtcore.doctor.apart import do_apart
from qtcore.doctor.check import Check, Fine, Patient, Seen, Skipped, Trouble, Verdict
from qtcore.doctor.checks import configuration, home, machine, plugins, records, supervisor
from qtcore.doctor.document import CheckLine, CheckState
from qtcore.doctor.job import Ending, Job, Outcome
from qtcore.health.framework_kinds import FRAMEWORK
from qtcore.health.home_kinds import CHECK_FAILED
from qtcore.health.kinds import Catalogue, FindingKind
from qtcore.health.model import Finding

OWN: tuple[Check, ...] = (
    *supervisor.CHECKS,
    *home.CHECKS,
    *records.CHECKS,
    *configuration.CHECKS,
    *machine.CHECKS,
    *plugins.CHECKS,
)
"""The framework's own, the supervisor first: whether it lives must be known before anything else."""

_FINDINGS: TypeAdapter[tuple[Finding, ...]] = TypeAdapter(tuple[Finding, ...])
_DISCOVERY = "what there is"


@dataclass(frozen=True, slots=True)
class Subject:
    """A check and whose it is; `load` brings it into the process where it runs."""

    name: str
    load: Callable[[], Check]
    deadline_s: float
    plugin: str | None = None
    imports: bool = False
    kinds: Catalogue = field(default_factory=lambda: FRAMEWORK)
    """What its plugin declares: a finding that a check names by its code alone takes its texts from here."""

    def job(self, patient: Patient) -> Job:
        """The same as something that a process can do."""

        def loaded() -> Callable[[], Any]:
            check = self.load()
            return lambda: _as_json(check.look(patient))

        return Job(self.name, loaded, self.deadline_s, self.imports)


def subjects(patient: Patient) -> list[Subject]:
    """Everything there is to look at. What the home says of itself is read in a process that may hang."""
    (found,) = do_apart([Job(_DISCOVERY, lambda: lambda: _discovered(patient))])
    own = own_subjects(patient)
    if found.ending is not Ending.ANSWERED:
        return own
    of_plugins = [_of_plugin(name) for name in found.answer["plugins"]]
    kinds = {plugin: _kinds(declared) for plugin, declared in found.answer["kinds"].items()}
    offered = [_offered(entry, kinds.get(entry["plugin"], FRAMEWORK)) for entry in found.answer["checks"]]
    return [*own, *of_plugins, *offered]


def own_subjects(patient: Patient) -> list[Subject]:
    """The framework's own checks, those that apply to this patient."""
    return [_own(check) for check in OWN if check.elsewhere or not patient.elsewhere]


def examine(patient: Patient, looked_at: Sequence[Subject]) -> list[CheckLine]:
    """What each check saw, in their order; none takes longer than its deadline."""
    outcomes = do_apart([subject.job(patient) for subject in looked_at])
    return [_line(subject, outcome) for subject, outcome in zip(looked_at, outcomes, strict=True)]


def look_again(patient: Patient, subject: Subject, until: Callable[[CheckLine], bool], within_s: float) -> CheckLine:
    """Run one check again until it sees what is hoped for, at most `within_s`; the last thing it saw."""
    deadline = time.monotonic() + within_s
    while True:
        (line,) = examine(patient, [subject])
        if until(line) or time.monotonic() >= deadline:
            return line
        time.sleep(_BETWEEN_LOOKS_S)


_BETWEEN_LOOKS_S = 0.25


def _own(check: Check) -> Subject:
    return Subject(check.name, lambda: check, check.deadline_s)


def _of_plugin(name: str) -> Subject:
    return _own_of(name, Check(f"plugin.{name}", plugins.OfPlugin(name)))


def _own_of(plugin: str, check: Check) -> Subject:
    return Subject(check.name, lambda: check, check.deadline_s, plugin)


def _kinds(declared: list[dict[str, Any]]) -> Catalogue:
    """A plugin's kinds before the framework's own; what another version wrote is passed over."""
    try:
        return Catalogue((*map(FindingKind.model_validate, declared), *FRAMEWORK.values()))
    except ValidationError:
        return FRAMEWORK


def _offered(entry: dict[str, Any], kinds: Catalogue) -> Subject:
    spec = CheckSpec.model_validate(entry["spec"])

    def load() -> Check:
        sys.path.insert(0, entry["root"])
        module, _, function = spec.look.partition(":")
        return Check(spec.name, getattr(importlib.import_module(module), function), spec.deadline_s)

    name = f"{entry['plugin']}.{spec.name}"
    return Subject(name, load, spec.deadline_s, entry["plugin"], imports=True, kinds=kinds)


def _discovered(patient: Patient) -> dict[str, Any]:
    """Plugins that have a state, and checks that plugins offer, as they were read last."""
    names = sorted(path.stem for path in patient.home.state.glob("[!.]*.json"))
    offers = list(_offers(patient))
    manifests = cached_manifests(patient.home.cache)
    kinds = {offer["plugin"]: manifests[offer["plugin"]].get("findings", []) for offer in offers}
    return {"plugins": names, "checks": offers, "kinds": kinds}


def _offers(patient: Patient) -> Iterable[dict[str, Any]]:
    for plugin, entry in cached_entries(patient.home.cache).items():
        manifest = _part(_part(entry, "inspected"), "manifest")
        for spec in manifest.get("checks", ()) if not patient.elsewhere else ():
            yield {"plugin": plugin, "root": str(entry.get("root", Path.cwd())), "spec": spec}


def _part(entry: Any, name: str) -> dict[str, Any]:
    part = entry.get(name) if isinstance(entry, dict) else None
    return part if isinstance(part, dict) else {}


def _as_json(verdict: Verdict) -> dict[str, Any]:
    match verdict:
        case Fine(sentence):
            return {"state": CheckState.FINE, "sentence": sentence}
        case Skipped(because):
            return {"state": CheckState.SKIPPED, "sentence": because}
        case Trouble(findings):
            return {
                "state": CheckState.TROUBLE,
                "sentence": findings[0].summary,
                "findings": [finding.model_dump(mode="json") for finding in findings if isinstance(finding, Finding)],
                "seen": [asdict(seen) for seen in findings if isinstance(seen, Seen)],
            }


def _named(seen: Seen, subject: Subject) -> Finding:
    kind = subject.kinds.get(seen.code)
    if kind is None:
        return CHECK_FAILED.found(f"{seen.summary} (it names {seen.code}, which nobody declares)", subject=seen.subject)
    return kind.found(seen.summary, subject=seen.subject)


def _completed(finding: Finding, subject: Subject) -> Finding:
    owned = finding if finding.plugin or not subject.plugin else finding.model_copy(update={"plugin": subject.plugin})
    return subject.kinds.complete(owned)


def _line(subject: Subject, outcome: Outcome) -> CheckLine:
    took_ms = round(outcome.took_s * 1000, 1)

    def line(state: CheckState, sentence: str, findings: tuple[Finding, ...] = ()) -> CheckLine:
        return CheckLine(
            name=subject.name,
            plugin=subject.plugin,
            state=state,
            sentence=sentence,
            took_ms=took_ms,
            findings=findings,
        )

    match outcome.ending:
        case Ending.HUNG:
            return line(CheckState.HUNG, outcome.sentence)
        case Ending.RAISED | Ending.DIED:
            return line(CheckState.CRASHED, outcome.sentence)
        case Ending.ANSWERED:
            try:
                findings = _FINDINGS.validate_python(outcome.answer.get("findings", ()))
                named = tuple(_named(Seen(**seen), subject) for seen in outcome.answer.get("seen", ()))
                told = tuple(_completed(finding, subject) for finding in (*findings, *named))
                return line(CheckState(outcome.answer["state"]), outcome.answer["sentence"], told)
            except (ValidationError, AttributeError, KeyError, ValueError) as error:
                return line(CheckState.CRASHED, f"it answered with something else ({type(error).__name__})")
