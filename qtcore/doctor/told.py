"""The examination as one document, and as text for a terminal (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from qtcore.cli.exits import Exit
from qtcore.doctor.document import (
    SCHEMA_VERSION,
    CheckLine,
    CheckState,
    DoctorDocument,
    RepairLine,
    RepairResult,
)
from qtcore.health.model import Finding, Remedy, Severity
from qtcore.wording import counted

_WORDS = {
    CheckState.TROUBLE: "TROUBLE",
    CheckState.HUNG: "HANGS",
    CheckState.CRASHED: "CRASHED",
    CheckState.FINE: "ok",
    CheckState.SKIPPED: "-",
}
_RESULTS = {
    RepairResult.FIXED: "fixed",
    RepairResult.NOT_FIXED: "NOT FIXED",
    RepairResult.FAILED: "FAILED",
    RepairResult.LEFT: "left",
}
_GRAVE = frozenset({Severity.CRITICAL, Severity.HIGH})


def document_of(
    lines: Sequence[CheckLine],
    *,
    at: datetime,
    home: str,
    running: bool,
    took_s: float,
    bundle: str | None = None,
    receipt: Iterable[RepairLine] = (),
) -> DoctorDocument:
    """Everything that was seen and done."""
    first = next((line for line in lines if line.name == "supervisor"), None)
    return DoctorDocument(
        schema=SCHEMA_VERSION,
        at=at,
        home=home,
        bundle=bundle,
        running=running,
        first=first.sentence if first else "nothing is known of the supervisor",
        took_s=round(took_s, 3),
        counts={state: sum(line.state is state for line in lines) for state in CheckState},
        checks=tuple(lines),
        receipt=tuple(receipt),
    )


def exit_of_doctor(document: DoctorDocument) -> Exit:
    """2 for what is grave, 1 for what is wrong, 0 with remarks, 3 not running, 4 where a check says nothing."""
    troubles = document.troubles
    if any(finding.severity in _GRAVE for finding in troubles):
        return Exit.CRITICAL
    if not document.running and document.bundle is None:
        return Exit.NOT_RUNNING
    if any(finding.severity is not Severity.LOW for finding in troubles):
        return Exit.DEGRADED
    silent = document.counts[CheckState.HUNG] + document.counts[CheckState.CRASHED]
    return Exit.UNKNOWN if silent else Exit.HEALTHY


def as_text(document: DoctorDocument, *, everything: bool = False) -> str:
    """What a person reads: the supervisor first, then what is wrong and what to do, then what was looked at."""
    return "\n".join(_text(document, everything=everything))


def _text(document: DoctorDocument, *, everything: bool) -> Iterator[str]:
    yield f"supervisor: {document.first}"
    yield f"looked at {document.bundle or document.home}"
    for finding in _gravest_first(document):
        yield ""
        yield from _finding(finding)
    for line in document.checks:
        if line.state in {CheckState.HUNG, CheckState.CRASHED}:
            yield ""
            yield f"{_WORDS[line.state]} {line.name}: {line.sentence}"
            yield "  the check itself failed; nothing is known about what it looks at"
    yield ""
    width = max((len(line.name) for line in document.checks), default=0)
    for line in document.checks:
        if everything or line.state is not CheckState.SKIPPED:
            more = f" (and {len(line.findings) - 1} more)" if len(line.findings) > 1 else ""
            yield f"{_WORDS[line.state]:8} {line.name:{width}} {line.took_ms:7.1f} ms  {line.sentence}{more}"
    yield ""
    yield _sum(document)
    if document.receipt:
        yield ""
        yield from _receipt(document.receipt)


def _gravest_first(document: DoctorDocument) -> list[Finding]:
    """What several checks saw is told once."""
    once = {finding.fingerprint: finding for finding in document.troubles}
    order = list(Severity)
    return sorted(once.values(), key=lambda finding: -order.index(finding.severity))


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.severity.value.upper()} {finding.code} {finding.plugin or ''}".rstrip() + f": {finding.summary}"
    for label, text in (("cause", finding.cause), ("means", finding.consequence), ("do", finding.fix)):
        if text:
            yield f"  {label:6} {text}"
    for remedy in finding.remedies:
        yield f"  {remedy.kind.value:7} {_told(remedy)}"


def _told(remedy: Remedy) -> str:
    return f"{remedy.act}: {remedy.effect}"


def _sum(document: DoctorDocument) -> str:
    counts = document.counts
    told = [f"{counts[CheckState.FINE]} fine"]
    told += [
        f"{counts[state]} {word}"
        for state, word in (
            (CheckState.TROUBLE, "with trouble"),
            (CheckState.HUNG, "hung"),
            (CheckState.CRASHED, "crashed"),
            (CheckState.SKIPPED, "with nothing to look at"),
        )
        if counts[state]
    ]
    return f"{counted(len(document.checks), 'check')} in {document.took_s:.2f} s: {', '.join(told)}"


def _receipt(lines: Sequence[RepairLine]) -> Iterator[str]:
    fixed = sum(line.result is RepairResult.FIXED for line in lines)
    yield f"receipt: {fixed} of {counted(len(lines), 'remedy', 'remedies')} fixed what they were for"
    for line in lines:
        yield f"  {line.at:%H:%M:%S} {_RESULTS[line.result]:9} {line.code} {line.act}: {line.sentence}"
        if line.proof:
            yield f"            then {line.check}: {line.proof}"
