"""The scorecard, with everything that is needed to redo the sum by hand."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.health.score import FULL, VITAL_WEIGHT
from qtcore.report.document import ReportDocument, Scorecard, ScoreLine
from qtcore.report.page import Block, Cell, Grid, Heading, Mark, Points, Text
from qtcore.report.words import Words, capital


def score(report: ReportDocument, words: Words) -> Iterator[Block]:
    """A table for each area, then the sum."""
    card = report.scorecard
    if card.score is None:
        yield Text(words("Everything is off, so there is no score."))
        return
    areas = list(dict.fromkeys(line.area for line in card.plugins))
    for area in areas:
        if len(areas) > 1:
            yield Heading(capital(words(area)) if area else words("Other"))
        yield Grid(
            tuple(map(words, ("component", "status", "weight", "score", "deductions"))),
            tuple(_row(line, words) for line in card.plugins if line.area == area),
            numeric=frozenset({2, 3}),
        )
    yield Heading(words("The sum"), words("formula version {version}", version=card.formula_version))
    yield Points(tuple(_sum(card, words)))


def weight_of(line: ScoreLine) -> int:
    """How often it counts in the mean; what is off does not count."""
    if line.score is None:
        return 0
    return VITAL_WEIGHT if line.vital else 1


def _row(line: ScoreLine, words: Words) -> tuple[Cell, ...]:
    status = Mark(words(line.status.value), line.status.value)
    name = words("{plugin} (vital)", plugin=line.plugin) if line.vital else line.plugin
    if line.score is None:
        return name, status, "0", "-", words("off, does not count")
    lost = "; ".join(f"-{item.points} {words.said(item.reason)}" for item in line.deductions)
    return name, status, str(weight_of(line)), f"{line.score}/{FULL}", lost or words("nothing lost")


def _sum(card: Scorecard, words: Words) -> Iterator[str]:
    yield words("Each component begins with {full} and loses what is listed, but is never below 0.", full=FULL)
    weights = sum(map(weight_of, card.plugins))
    points = sum((line.score or 0) * weight_of(line) for line in card.plugins)
    yield words(
        "Scores by weight: {points}, weights: {weights}; 10 × {points} / {weights}, rounded down, is {mean}.",
        points=points,
        weights=weights,
        mean=card.mean,
    )
    for cap in card.caps:
        yield words("At most {ceiling}: {reason}.", ceiling=cap.ceiling, reason=words.said(cap.reason))
    if not card.caps:
        yield words("No cap applies.")
    yield words("Overall score: {score}/100.", score=card.score)
