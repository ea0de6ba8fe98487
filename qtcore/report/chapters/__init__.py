"""The report's chapters: each turns a part of the document into blocks, in the reader's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qtcore.report.chapters.configuration import configuration
from qtcore.report.chapters.contributed import contributed
from qtcore.report.chapters.findings import findings
from qtcore.report.chapters.healed import healed
from qtcore.report.chapters.opening import banner_of, counts
from qtcore.report.chapters.records import mutes, records, reporter
from qtcore.report.chapters.running import running
from qtcore.report.chapters.score import score
from qtcore.report.chapters.timeline import timeline
from qtcore.report.chapters.todo import todo
from qtcore.report.chapters.watched import watched
from qtcore.report.document import ReportDocument
from qtcore.report.page import Block, Chapter, Page
from qtcore.report.words import Language, Words

_Writer = Callable[[ReportDocument, Words], Iterator[Block]]

_CHAPTERS: tuple[tuple[str, str, _Writer], ...] = (
    ("counts", "Overview", counts),
    ("findings", "Findings", findings),
    ("steps", "What to do", todo),
    ("runs", "What runs", running),
    ("score", "Scorecard", score),
    ("plugins", "From the plugins", contributed),
    ("configuration", "Configuration", configuration),
    ("timeline", "Timeline", timeline),
    ("healed", "What was healed", healed),
    ("watched", "Watching", watched),
    ("mutes", "Muted findings", mutes),
    ("records", "Records", records),
    ("reporter", "The reporter itself", reporter),
)
"""Anchor, heading and writer, in the order in which a person needs them."""


def page_of(report: ReportDocument, language: Language | None = None) -> Page:
    """The report as a page in this language, else in the one of its configuration."""
    words = Words.of(language or Language.named(report.language), report.norwegian)
    banner = banner_of(report, words)
    if not report.running and report.since is None:
        return Page(words.language.value, banner)
    chapters = (
        Chapter(name, words(title), blocks)
        for name, title, write in _CHAPTERS
        if (blocks := tuple(write(report, words)))
    )
    foot = words(
        "Report of {at}, format {schema}; made again from the same data it is the same to the byte.",
        at=words.moment(report.at),
        schema=report.schema_,
    )
    return Page(words.language.value, banner, tuple(chapters), foot)
