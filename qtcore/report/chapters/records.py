"""What the records take, what is muted, and the row of the reporter itself."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.report.document import ReportDocument, Reporter
from qtcore.report.page import Block, Card, Field, Grid, Mark, Points, Text
from qtcore.report.words import Words


def mutes(report: ReportDocument, words: Words) -> Iterator[Block]:
    """Nothing where nothing is muted."""
    if report.mutes:
        yield Points(
            tuple(
                words("{finding}: nobody is told until {at}", finding=mute.fingerprint, at=words.moment(mute.until))
                for mute in report.mutes
            )
        )


def records(report: ReportDocument, words: Words) -> Iterator[Block]:
    """Use and limit of each kind, days left, damage, and protections that this machine lacks."""
    yield Grid(
        tuple(map(words, ("what", "size", "limit", "where"))),
        tuple(
            (
                words(use.what),
                words.size(use.bytes),
                words.size(use.limit_bytes) if use.limit_bytes else "-",
                use.path,
            )
            for use in report.usage
        ),
        numeric=frozenset({1, 2}),
    )
    free = words("{size} are free on that disk", size=words.size(report.free_bytes))
    if report.days_left is None:
        yield Text(words("{free}; how many days that lasts is not known yet.", free=free))
    else:
        days = words.plural(round(report.days_left), "{n} day", "{n} days")
        yield Text(words("{free}; at the pace of the last day that lasts {days}.", free=free, days=days))
    if report.damage:
        yield Points(tuple(map(words.said, report.damage)))
    if report.missing_protections:
        yield Points(tuple(map(words.said, report.missing_protections)))


def reporter(report: ReportDocument, words: Words) -> Iterator[Block]:
    """Who checks the checker: coverage, age and missed deadlines."""
    item = report.reporter
    yield Card(
        badge=Mark(words(item.status.value), item.status.value),
        heading=words("{covered} of {configured} plugins covered", covered=item.covered, configured=item.configured),
        lead=_freshness(item, words),
        fields=tuple(Field(label, text) for label, text in _rows(item, words)),
    )


def _freshness(item: Reporter, words: Words) -> str:
    took = words.duration(item.took_s)
    if item.oldest_s is None:
        return words("No current reading was there; gathered in {took}.", took=took)
    age = words.duration(item.oldest_s)
    return words("The oldest current reading is {age} old; gathered in {took}.", age=age, took=took)


def _rows(item: Reporter, words: Words) -> Iterator[tuple[str, str]]:
    yield (
        words("missed deadlines"),
        words(
            "{missed} of {asked} questions about health had no answer in time",
            missed=words.number(item.missed),
            asked=words.number(item.asked),
        ),
    )
    if item.contributions:
        yield (
            words("contributions"),
            words(
                "{stale} of {n} from plugins are stale",
                stale=words.number(item.stale_contributions),
                n=words.number(item.contributions),
            ),
        )
    kept = words.plural(item.kept, "{n} report in the home", "{n} reports in the home")
    newest = words("the newest of {at}", at=words.moment(item.kept_at)) if item.kept_at else ""
    overdue = words("overdue") if item.late else ""
    yield words("kept"), ", ".join(filter(None, (kept, newest, overdue)))
    if item.gaps:
        yield words("not known"), "; ".join(map(words.said, item.gaps))
