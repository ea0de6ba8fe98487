"""What runs, and the five questions about each: declared, started, alive, progressing, effective."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.health.model import Status
from qtcore.health.questions import QUESTIONS
from qtcore.report.document import Component, ReportDocument
from qtcore.report.page import Block, Cell, Grid, Mark, Points, Text
from qtcore.report.words import Words

_ANSWERS = {
    Status.HEALTHY: "yes",
    Status.OFF: "off",
    Status.UNKNOWN: "unknown",
    Status.DEGRADED: "partly",
    Status.CRITICAL: "no",
    Status.FAILED: "no",
}


def running(report: ReportDocument, words: Words) -> Iterator[Block]:
    """A row for each plugin; where questions are asked, a row of answers and the reason of each bad one."""
    yield Grid(
        tuple(map(words, ("plugin", "status", "lifecycle", "for", "host", "restarts", "summary"))),
        tuple(_row(item, report, words) for item in report.components),
        numeric=frozenset({5}),
    )
    asked = [item for item in report.components if item.questions]
    if not asked:
        return
    yield Grid(
        (words("plugin"), *map(words, QUESTIONS)),
        tuple((item.line.name, *_answers(item, words)) for item in asked),
        caption=words("Five questions: a heartbeat is not work, and work is not effect"),
    )
    doubts = tuple(_doubts(asked, words))
    yield Points(doubts) if doubts else Text(words("Every question is answered with yes, or the plugin is off."))


def _row(item: Component, report: ReportDocument, words: Words) -> tuple[Cell, ...]:
    line = item.line
    name = words("{plugin} (vital)", plugin=line.name) if item.vital else line.name
    limited = "" if line.autonomy.acts else words("autonomy {level}", level=words(line.autonomy.value))
    return (
        name,
        Mark(words(line.status.value), line.status.value),
        words(line.lifecycle.value),
        words.ago(line.since, report.at),
        line.host or "-",
        str(line.restarts),
        "; ".join(filter(None, (limited, words.said(line.summary)))),
    )


def _answers(item: Component, words: Words) -> Iterator[Cell]:
    named = {question.name: question for question in item.questions}
    for name in QUESTIONS:
        found = named.get(name)
        yield Mark(words(_ANSWERS[found.status]), found.status.value) if found else "-"


def _doubts(asked: list[Component], words: Words) -> Iterator[str]:
    """One sentence for each reason of each plugin, with the questions that it answers."""
    for item in asked:
        reasons: dict[str, list[str]] = {}
        for question in item.questions:
            if question.status not in {Status.HEALTHY, Status.OFF}:
                reasons.setdefault(question.reason, []).append(words(question.name))
        for condition in item.conditions:
            if condition.status not in {Status.HEALTHY, Status.OFF}:
                reasons.setdefault(condition.reason, []).append(words(condition.name))
        for reason, names in reasons.items():
            yield f"{item.line.name}, {', '.join(names)}: {words.said(reason)}"
