"""The auditor's part of the report: every invariant with its verdict and what it was reached on."""

from __future__ import annotations

from plugins.auditor.verdicts import Court
from qtcore import Paragraph, Section, Table

HEADINGS = ("Invariant", "Verdict", "Looked at", "Of", "Checked at", "Incidents")


def section_of(court: Court) -> Section:
    """One table; a rule that had nothing to look at says so."""
    rows = []
    for rule in court.rules:
        last = court.last.get(rule.name)
        rows.append(
            (
                rule.says,
                court.word(rule),
                last.verdict.looked_at if last else 0,
                rule.looks_at,
                last.at if last else None,
                ", ".join(rule.incidents),
            )
        )
    blind = [
        f"{rule.name}: {last.verdict.unseen}"
        for rule in court.rules
        if (last := court.last.get(rule.name)) is not None and last.verdict.unseen
    ]
    remarks = (Paragraph(text=f"Could not look: {'; '.join(blind)}."),) if blind else ()
    told = Paragraph(text="Each is checked on the files, the messages and the venue's answers, not on anybody's word.")
    return Section(title="Invariants", blocks=(told, Table(headings=HEADINGS, rows=tuple(rows)), *remarks))


def rows_of(court: Court) -> list[dict[str, object]]:
    """The same for `qt invariants`."""
    rows: list[dict[str, object]] = []
    for rule in court.rules:
        last = court.last.get(rule.name)
        said = [case.suspicion.summary for case in court.open if case.rule.name == rule.name]
        row: dict[str, object] = {
            "rule": rule.name,
            "verdict": court.word(rule),
            "looked_at": f"{last.verdict.looked_at if last else 0} {rule.looks_at}",
            "incidents": ", ".join(rule.incidents),
            "says": said[0] if said else (last.verdict.unseen if last and last.verdict.unseen else rule.says),
        }
        rows.append(row)
    return rows
