"""What a run was set up with, kept in the home for whoever asks later, and what is doubtful about it as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from qtcore.config.audit_document import AuditDocument
from qtcore.config.problem import Problem, Weight
from qtcore.health.framework_kinds import FRAMEWORK
from qtcore.health.model import Finding
from qtcore.records.atomic import replace_file
from qtcore.records.home import Home
from qtcore.telemetry.redaction import SECRETS


def keep_audit(home: Home, audit: AuditDocument) -> None:
    """Write `configuration.json` (0600); a disk that refuses is told by the journal's own finding."""
    content = SECRETS.clean(audit.model_dump_json(indent=1, by_alias=True).encode())
    with suppress(OSError):
        replace_file(home.configuration, content + b"\n")


def findings_of(problems: Iterable[Problem]) -> Iterator[Finding]:
    """What the audit doubts, each under the settings that it is about; notes are for `qt check` alone."""
    for problem in problems:
        kind = FRAMEWORK.get(problem.code or "")
        if problem.weight is Weight.FINDING and kind is not None:
            subject = " ".join(problem.names) or problem.where or ""
            yield kind.found(problem.sentence, subject=subject, evidence={"where": problem.where})
