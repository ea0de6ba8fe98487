"""The audit of the configuration: what is set and by whom, and what is doubtful about it."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.config.audit_document import AuditDocument, AuditedValue, AuditProblem
from qtcore.config.problem import Weight
from qtcore.config.source_kind import SourceKind
from qtcore.report.document import ReportDocument
from qtcore.report.page import Block, Cell, Grid, Mark, Points, Text
from qtcore.report.words import Words

_TONES = {Weight.ERROR: "critical", Weight.NOTE: "low"}


def configuration(report: ReportDocument, words: Words) -> Iterator[Block]:
    """Problems first, then every value that somebody has set; defaults are counted, and stand in `--format json`."""
    audit = report.configuration
    if audit is None:
        yield Text(words("No audit is in this home; `qt up` leaves one, `qt check` makes one."))
        return
    if report.configuration_changed:
        changed = "{file} has changed since this run began; `qt restart` does not read it, a new `qt up` does."
        yield Text(words(changed, file=audit.file), "degraded")
    if audit.problems:
        yield Grid(
            tuple(map(words, ("weight", "about", "what", "where"))),
            tuple(_problem(item, words) for item in audit.problems),
            caption=words("Conflicts, missing, unknown and doubtful settings"),
        )
    else:
        yield Text(words("Nothing is contradictory, missing, unknown or unused."))
    yield from _values(audit, words)


def _values(audit: AuditDocument, words: Words) -> Iterator[Block]:
    chosen = [value for value in audit.values if value.source is not SourceKind.DEFAULT]
    if chosen:
        yield Grid(
            tuple(map(words, ("setting", "value", "source"))),
            tuple(_value(value, words) for value in chosen),
            caption=words("What somebody has set"),
        )
    rest = len(audit.values) - len(chosen)
    notes = [words.plural(rest, "{n} setting has its default.", "{n} settings have their defaults.")]
    if audit.environment:
        notes.append(words("Variables that set something: {names}.", names=", ".join(audit.environment)))
    notes.append(words("Fingerprint of all values: {print}.", print=audit.fingerprint[:16]))
    yield Points(tuple(notes))


def _problem(item: AuditProblem, words: Words) -> tuple[Cell, ...]:
    about = ", ".join(item.names) or item.plugin or "-"
    told = f"{words.said(item.sentence)} ({item.code})" if item.code else words.said(item.sentence)
    return Mark(words(item.weight.value), _TONES.get(item.weight, "medium")), about, told, item.where or "-"


def _value(value: AuditedValue, words: Words) -> tuple[Cell, ...]:
    shown = words.value(value.value)
    return value.name, words("secret {print}", print=shown) if value.secret else shown, value.where
