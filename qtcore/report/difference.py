"""What has changed from one report to another (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import AwareDatetime, Field

from qtcore.documents import Document
from qtcore.health.model import Finding
from qtcore.report.document import ReportDocument


class Change(Document):
    """One thing that was different before; empty where it was not there."""

    name: str
    before: str
    after: str


class ReportDifference(Document):
    """Two reports compared; nothing in it is a judgement."""

    schema_: int = Field(default=1, alias="schema")
    before_at: AwareDatetime
    after_at: AwareDatetime
    opened: tuple[Finding, ...] = Field(default=(), description="open in the later report alone, the gravest first")
    resolved: tuple[Finding, ...] = Field(default=(), description="open in the earlier report alone")
    whole: tuple[Change, ...] = Field(default=(), description="mode, posture, status and score of the whole")
    statuses: tuple[Change, ...] = Field(default=(), description="plugins whose status changed")
    scores: tuple[Change, ...] = Field(default=(), description="plugins whose score changed")
    settings: tuple[Change, ...] = Field(default=(), description="settings with another value")

    @property
    def empty(self) -> bool:
        """Nothing changed."""
        return not (self.opened or self.resolved or self.whole or self.statuses or self.scores or self.settings)


def difference(before: ReportDocument, after: ReportDocument) -> ReportDifference:
    """From the earlier to the later report; findings are the same when their fingerprints are."""
    was = {finding.fingerprint: finding for finding in before.findings}
    now = {finding.fingerprint: finding for finding in after.findings}
    return ReportDifference(
        schema=1,
        before_at=before.at,
        after_at=after.at,
        opened=tuple(finding for name, finding in now.items() if name not in was),
        resolved=tuple(finding for name, finding in was.items() if name not in now),
        whole=tuple(_changes(_whole(before), _whole(after))),
        statuses=tuple(_changes(_statuses(before), _statuses(after))),
        scores=tuple(_changes(_scores(before), _scores(after))),
        settings=tuple(_changes(_settings(before), _settings(after))),
    )


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name, ""), after.get(name, "")
        if was != now:
            yield Change(name=name, before=was, after=now)


def _whole(report: ReportDocument) -> dict[str, str]:
    score = report.scorecard.score
    return {
        "mode": report.mode,
        "posture": report.posture,
        "status": report.status.value,
        "score": "" if score is None else str(score),
    }


def _statuses(report: ReportDocument) -> dict[str, str]:
    return {item.line.name: item.line.status.value for item in report.components}


def _scores(report: ReportDocument) -> dict[str, str]:
    return {line.plugin: str(line.score) for line in report.scorecard.plugins if line.score is not None}


def _settings(report: ReportDocument) -> dict[str, str]:
    audit = report.configuration
    return {value.name: str(value.value) for value in audit.values} if audit else {}
