"""What was healed, how, how long it took, and how that was proven."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.health.model import Healing, HealingOutcome
from qtcore.report.document import ReportDocument
from qtcore.report.page import Block, Cell, Grid, Mark, Text
from qtcore.report.words import Words

_TONES = {
    HealingOutcome.PROVEN: "healthy",
    HealingOutcome.FAILED: "failed",
    HealingOutcome.REFUSED: "degraded",
    HealingOutcome.PENDING: "unknown",
}


def healed(report: ReportDocument, words: Words) -> Iterator[Block]:
    """A row for each act; only what a re-check confirmed counts as proven."""
    hours = words.number(report.hours)
    if not report.healings:
        yield Text(words("Nothing needed healing in the last {hours} hours.", hours=hours))
        return
    proven = sum(item.outcome is HealingOutcome.PROVEN for item in report.healings)
    acts = len(report.healings)
    told = words.plural(acts, "{n} act in the last {hours} hours", "{n} acts in the last {hours} hours", hours=hours)
    yield Text(words("{acts}, {proven} of them proven by a re-check.", acts=told, proven=words.number(proven)))
    yield Grid(
        tuple(map(words, ("when", "plugin", "finding", "rung", "act", "outcome", "took", "proof"))),
        tuple(_row(item, words) for item in report.healings),
    )


def _row(item: Healing, words: Words) -> tuple[Cell, ...]:
    return (
        words.moment(item.ended_at or item.started_at),
        item.plugin,
        item.finding or "-",
        words(item.rung.value),
        words.said(item.act),
        Mark(words(item.outcome.value), _TONES[item.outcome]),
        _took(item, words),
        words.said(item.proof) or "-",
    )


def _took(item: Healing, words: Words) -> str:
    took_s = (item.ended_at - item.started_at).total_seconds() if item.ended_at else 0.0
    return words.duration(took_s) if took_s > 0 else "-"
