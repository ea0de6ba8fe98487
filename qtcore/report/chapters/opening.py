"""What must be read first: the mode, whether anything runs, how it is, and counts that add up."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.health.model import Status
from qtcore.report.document import ReportDocument
from qtcore.report.page import Banner, Block, Figure, Grid, Mark, Points, Text
from qtcore.report.words import Words


def banner_of(report: ReportDocument, words: Words) -> Banner:
    """Mode, posture, status and score; when nothing runs, since when."""
    title = words("Health report") + (f" · {report.application}" if report.application else "")
    if not report.running and report.since is None:
        return Banner(title, alarm=_alarm(report, words))
    card = report.scorecard
    figures = (
        Figure(words("mode"), Mark(report.mode.upper(), "mode")),
        Figure(words("posture"), report.posture),
        Figure(words("status"), Mark(words(report.status.value), report.status.value), bare=True),
        Figure(words("score"), words("no score") if card.score is None else f"{card.score}/100", bare=True),
    )
    lines = [words("Made {at}", at=words.moment(report.at))]
    if report.running:
        lines.append(
            words(
                "supervised since {since} ({ago})",
                since=words.moment(report.since),
                ago=words.ago(report.since, report.at),
            )
        )
    name = report.application or title
    return Banner(title, name, _alarm(report, words), figures, tuple(lines), report.status.value)


def _alarm(report: ReportDocument, words: Words) -> str:
    if not report.answering:
        return words("NOT ANSWERING: a supervisor holds this home and says nothing; what follows is from its records")
    if report.running:
        return ""
    if report.since is None:
        return words("NOT RUNNING: no supervisor has run on this home yet; start one with `qt up`")
    return words(
        "NOT RUNNING since {since} ({ago} ago): what follows is from its records",
        since=words.moment(report.since),
        ago=words.ago(report.since, report.at),
    )


def counts(report: ReportDocument, words: Words) -> Iterator[Block]:
    """One column for each status; off and unknown are columns, too, so that the sum is the number of plugins."""
    total = sum(report.counts.values())
    statuses = list(Status)
    cells = tuple(Mark(str(report.counts.get(status, 0)), status.value) for status in statuses)
    yield Grid(
        (*(words(status.value) for status in statuses), words("together")),
        ((*cells, str(total)),),
        numeric=frozenset(range(len(statuses) + 1)),
        caption=words("Plugins by status"),
        tiles=True,
    )
    causes = len(report.groups)
    effects = sum(len(group.effects) for group in report.groups)
    if not causes:
        yield Text(words("No finding is open."))
    else:
        told = words.plural(causes, "{n} finding is open", "{n} findings are open")
        folded = words.plural(effects, "{n} more is an effect of them", "{n} more are effects of them")
        yield Text(f"{told}; {folded}." if effects else f"{told}.")
    yield Points(tuple(_posture(report, words)))


def _posture(report: ReportDocument, words: Words) -> Iterator[str]:
    if not report.running:
        yield words("Posture {level} was the last one known; nothing runs that could act.", level=report.posture)
    elif not report.posture_reasons:
        yield words("Posture {level}: nobody demands more.", level=report.posture)
    else:
        reasons = "; ".join(map(words.said, report.posture_reasons))
        yield words("Posture {level}, demanded by {reasons}.", level=report.posture, reasons=reasons)
