"""The training's part of the report: what was trained, why, and what became of it (pure)."""

from __future__ import annotations

from plugins.retraining.record import Record
from qtcore import Paragraph, Section, Table

NEWEST = 5


def trainings_section(record: Record, waits_for: str) -> Section:
    """The newest trainings, one row for each member; versions on probation; what is due."""
    blocks: list[Paragraph | Table] = []
    if waits_for:
        blocks.append(Paragraph(text=waits_for))
    newest = record.trainings[-NEWEST:][::-1]
    if not newest:
        blocks.append(Paragraph(text="Nothing has been trained yet."))
    else:
        blocks.append(
            Table(
                headings=("trained", "why", "member", "ruling", "seconds", "reason"),
                rows=tuple(
                    (done.at, done.why, str(result.member), result.ruling, round(result.seconds, 1), result.reason)
                    for done in newest
                    for result in done.results
                ),
            )
        )
    if record.watched:
        blocks.append(
            Table(
                headings=("member", "phase", "version", "instead of"),
                rows=tuple(
                    (str(name), str(one.phase), one.new[:12], one.old[:12]) for name, one in record.watched.items()
                ),
            )
        )
    return Section(title="Training", blocks=tuple(blocks))
