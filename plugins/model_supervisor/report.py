"""The judge's part of the report: how far confidence comes true, and what each source has earned (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.model_supervisor.edge import EdgeWord
from plugins.model_supervisor.standing import SourceStanding
from qtcore import Curves, Line, Paragraph, Section, Table


def sections(sources: Sequence[SourceStanding]) -> tuple[Section, ...]:
    """Of the sources that have spoken; one sentence where none has."""
    spoken = [each for each in sources if each.said]
    if not spoken:
        told = Paragraph(text="No source has been judged yet.")
        return (Section(title="Sources of signals", blocks=(told,)),)
    return (*_reliability(spoken), Section(title="Sources of signals", blocks=(_edges(spoken),)))


def _reliability(spoken: Sequence[SourceStanding]) -> tuple[Section, ...]:
    lines = tuple(
        Line(name=str(each.source), points=tuple((round(said, 4), round(was, 4)) for said, was, _n in buckets))
        for each in spoken
        if (buckets := each.reliability.buckets)
    )
    if not lines:
        return ()
    chart = Curves(
        title="How often a confidence came true",
        x="number",
        x_label="confidence",
        y_label="share that came true",
        lines=lines,
        diagonal=True,
    )
    return (Section(title="Reliability", blocks=(chart,)),)


def _edges(spoken: Sequence[SourceStanding]) -> Table:
    return Table(
        headings=("source", "signals", "fates known", "came true", "edge per signal", "from", "to", "verdict"),
        rows=tuple(_row(each) for each in spoken),
    )


def _row(each: SourceStanding) -> tuple[str | int | float | None, ...]:
    edge = each.edge
    known = edge.word is not EdgeWord.TOO_EARLY
    return (
        str(each.source),
        each.said,
        edge.n,
        round(each.reliability.earned, 3) if edge.n else None,
        round(edge.mean, 6) if known else None,
        round(edge.low, 6) if known else None,
        round(edge.high, 6) if known else None,
        each.stop or str(edge.word),
    )
