"""Two reports compared, as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from qtcore.health.model import Finding
from qtcore.report.difference import Change, ReportDifference
from qtcore.report.page import Banner, Block, Cell, Chapter, Grid, Mark, Page, Text
from qtcore.report.words import Words


def page_of_difference(changed: ReportDifference, words: Words) -> Page:
    """A chapter for each kind of change that there is."""
    title = words(
        "From {before} to {after}", before=words.moment(changed.before_at), after=words.moment(changed.after_at)
    )
    parts: tuple[tuple[str, str, Iterator[Block]], ...] = (
        ("opened", words("What opened"), _findings(changed.opened, words)),
        ("resolved", words("What was resolved"), _findings(changed.resolved, words)),
        ("whole", words("The whole"), _changes(changed.whole, words, words)),
        ("statuses", words("Statuses"), _changes(changed.statuses, words, words.said)),
        ("scores", words("Scores"), _changes(changed.scores, words, words.said)),
        ("settings", words("Settings"), _changes(changed.settings, words, words.said)),
    )
    chapters = [Chapter(name, heading, blocks) for name, heading, written in parts if (blocks := tuple(written))]
    if changed.empty:
        chapters = [Chapter("same", words("Nothing has changed"), (Text(words("Both reports say the same.")),))]
    return Page(words.language.value, Banner(title, lines=(title,)), tuple(chapters))


def _findings(findings: Sequence[Finding], words: Words) -> Iterator[Block]:
    if findings:
        yield Grid(
            tuple(map(words, ("severity", "plugin", "code", "what"))),
            tuple(_row(finding, words) for finding in findings),
        )


def _row(finding: Finding, words: Words) -> tuple[Cell, ...]:
    return (
        Mark(words(finding.severity.value), finding.severity.value),
        finding.plugin or words("supervisor"),
        " ".join(filter(None, (finding.code, finding.subject))),
        words.said(finding.summary),
    )


def _changes(changes: Sequence[Change], words: Words, name: Callable[[str], str]) -> Iterator[Block]:
    if changes:
        yield Grid(
            tuple(map(words, ("what", "before", "after"))),
            tuple(
                (name(change.name), words.said(change.before) or "-", words.said(change.after) or "-")
                for change in changes
            ),
        )
