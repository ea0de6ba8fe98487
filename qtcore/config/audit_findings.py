"""What the configuration audit doubts, as findings (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qtcore.config.audit_document import AuditProblem
from qtcore.config.problem import Problem, Weight
from qtcore.health.framework_kinds import FRAMEWORK
from qtcore.health.model import Finding


def findings_of(problems: Iterable[Problem | AuditProblem]) -> Iterator[Finding]:
    """Each doubt under the settings that it is about; errors refuse the start, notes are for `qt check` alone."""
    for problem in problems:
        kind = FRAMEWORK.get(problem.code or "")
        if problem.weight is Weight.FINDING and kind is not None:
            subject = " ".join(problem.names) or problem.where or ""
            named = problem.where is None or any(name in problem.sentence for name in problem.names)
            summary = problem.sentence if named else f"{problem.where}: {problem.sentence}"
            yield kind.found(summary, subject=subject, evidence={"where": problem.where})
