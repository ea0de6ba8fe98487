"""The configuration audit: what is in force and what is doubtful about it (pure).

Each rule looks at all values in force together, for that is what no plugin can do for itself.
What cannot work is an error and nothing is started; what is doubtful is a finding; a note is told only by `qt check`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from qtcore.config.audit_document import SCHEMA_VERSION, AuditDocument, AuditedValue, AuditProblem
from qtcore.config.configuration import Configuration
from qtcore.config.credentials import without_passwords
from qtcore.config.effective import EffectiveValue, effective_values
from qtcore.config.intervals import interval_problems
from qtcore.config.limits import owner_problems
from qtcore.config.manifest import Manifest
from qtcore.config.periods import freshness_problems
from qtcore.config.problem import Problem
from qtcore.config.source_kind import SourceKind
from qtcore.config.unused import unused_problems
from qtcore.config.written_secrets import written_secret_problems


def audit_problems(configuration: Configuration, manifests: Mapping[str, Manifest]) -> list[Problem]:
    """What no plugin can see alone: limits with two owners, ages shorter than periods, busy loops, idle settings."""
    values = effective_values(configuration, manifests)
    return [
        *owner_problems(values),
        *freshness_problems(values),
        *interval_problems(configuration, values),
        *unused_problems(configuration),
        *written_secret_problems(configuration),
    ]


def audit_document(
    configuration: Configuration, manifests: Mapping[str, Manifest], problems: Iterable[Problem], at: datetime
) -> AuditDocument:
    """The whole audit; `problems` is everything that was found, by whomever."""
    values = tuple(map(_audited, effective_values(configuration, manifests)))
    return AuditDocument(
        schema=SCHEMA_VERSION,
        at=at,
        application=configuration.sections.application.name,
        mode=configuration.mode,
        file=str(configuration.path),
        file_sha256=configuration.sha256,
        environment=_variables(configuration, values),
        fingerprint=_fingerprint(values),
        values=values,
        problems=tuple(map(_problem, problems)),
    )


def _audited(value: EffectiveValue) -> AuditedValue:
    return AuditedValue(
        name=value.name,
        value=_plain(value.value),
        secret=value.secret,
        source=value.source.kind,
        where=value.source.where,
        group=value.meaning.group,
    )


def _plain(value: Any) -> Any:
    """As JSON data, without the passwords of addresses."""
    return json.loads(without_passwords(json.dumps(value, ensure_ascii=False, default=str)))


def _variables(configuration: Configuration, values: Sequence[AuditedValue]) -> tuple[str, ...]:
    """Those that set a value, and the others with our prefix."""
    setting = {value.where for value in values if value.source in {SourceKind.ENVIRONMENT, SourceKind.ALIAS}}
    return tuple(sorted(setting | configuration.variables))


def _fingerprint(values: Sequence[AuditedValue]) -> str:
    said = {value.name: value.value for value in values}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def _problem(problem: Problem) -> AuditProblem:
    return AuditProblem(
        code=problem.code,
        weight=problem.weight,
        sentence=without_passwords(problem.sentence),
        where=problem.where,
        plugin=problem.plugin,
        names=problem.names,
    )
