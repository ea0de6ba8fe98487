"""Open findings, each cause with the effects that are folded under it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from qtcore.health.model import Finding, RemedyKind
from qtcore.report.document import FindingGroup, ReportDocument
from qtcore.report.page import Block, Card, Field, Mark, Text
from qtcore.report.steps import command_of
from qtcore.report.words import Words, capital

_REMEDIES = {
    RemedyKind.SAFE: "safe remedy",
    RemedyKind.CONFIRM: "remedy to confirm",
    RemedyKind.MANUAL: "remedy by hand",
}
_LABELS = ("cause", "consequence", "fix", "verify")


def findings(report: ReportDocument, words: Words) -> Iterator[Block]:
    """One card for each cause."""
    if not report.groups:
        yield Text(words("None is open."))
    for group in report.groups:
        yield _group(group, words)


def _group(group: FindingGroup, words: Words) -> Card:
    effects = len(group.effects)
    title = words.plural(effects, "{n} finding follows from it", "{n} findings follow from it") if effects else ""
    return _card(group.cause, words, title, tuple(_effect(effect, words) for effect in group.effects))


def _card(finding: Finding, words: Words, below_title: str = "", below: tuple[Card, ...] = ()) -> Card:
    where = " · ".join(filter(None, (finding.plugin or words("supervisor"), finding.subject)))
    title, summary = words.said(finding.title), words.said(_beyond(finding.title, finding.summary))
    return Card(
        badge=Mark(words(finding.severity.value).upper(), finding.severity.value),
        heading=f"{finding.code} · {where}",
        lead=": ".join(filter(None, (capital(title), summary))) if title else capital(summary),
        fields=tuple(_fields(finding, words)),
        note="; ".join(_standing(finding, words)),
        below_title=below_title,
        below=below,
    )


def _beyond(title: str, summary: str) -> str:
    """What the summary says that the title does not: many a summary begins with it."""
    begins = title and summary.lower().startswith(title.lower())
    return summary[len(title) :].lstrip(" :;,") if begins else summary


def _effect(finding: Finding, words: Words) -> Card:
    """In short: it goes with its cause, so what to do about it alone is of no use."""
    card = _card(finding, words)
    kept = {words(label) for label in ("evidence", "consequence", "trace")}
    return replace(card, fields=tuple(field for field in card.fields if field.label in kept))


def _fields(finding: Finding, words: Words) -> Iterator[Field]:
    if finding.evidence:
        yield Field(words("evidence"), words.value(finding.evidence))
    for label in _LABELS:
        if text := getattr(finding, label):
            yield Field(words(label), words.said(text))
    for remedy in finding.remedies:
        told = f"{command_of(remedy, finding.plugin)} — {words.said(remedy.effect)}"
        yield Field(words(_REMEDIES[remedy.kind]), told)
    if finding.trace_id:
        yield Field(words("trace"), f"qt trace {finding.trace_id}", code=True)


def _standing(finding: Finding, words: Words) -> Iterator[str]:
    if finding.opened_at:
        yield words("first seen {at}", at=words.moment(finding.opened_at))
    if finding.last_seen_at:
        yield words("last seen {at}", at=words.moment(finding.last_seen_at))
    yield words.plural(finding.count, "seen once", "seen {n} times")
    if finding.episodes > 1:
        yield words("went and came back, {n} episodes in all", n=words.number(finding.episodes))
    if finding.acknowledged_by:
        at = words.moment(finding.acknowledged_at)
        yield words("acknowledged by {who} {at}", who=finding.acknowledged_by, at=at)
    if finding.muted_until:
        yield words("muted until {at}", at=words.moment(finding.muted_until))
