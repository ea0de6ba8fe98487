"""Episodes: from the first sign of trouble to recovery, over the time the report looks back on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from qtcore.report.document import Episode, ReportDocument
from qtcore.report.page import Block, Card, Field, Mark, Span, Text, Timeline
from qtcore.report.words import Words

_MOST_CARDS = 40
_MARGIN, _LEAST_MARGIN = 0.05, timedelta(minutes=1)


def timeline(report: ReportDocument, words: Words) -> Iterator[Block]:
    """A chart of all, then the latest ones told."""
    hours = words.number(report.hours)
    if not report.episodes:
        yield Text(words("No episode in the last {hours} hours.", hours=hours))
        return
    count = len(report.episodes)
    told = words.plural(
        count, "{n} episode in the last {hours} hours", "{n} episodes in the last {hours} hours", hours=hours
    )
    yield Timeline(
        words("Episodes by plugin"),
        _begin(report).timestamp(),
        report.at.timestamp(),
        tuple(_span(item, report, words) for item in report.episodes),
        f"{told}.",
    )
    if count > _MOST_CARDS:
        yield Text(words("The latest {n} are told; `qt events` has all.", n=_MOST_CARDS))
    for episode in report.episodes[-_MOST_CARDS:]:
        yield _card(episode, words)


def _begin(report: ReportDocument) -> datetime:
    """A little before the first episode: of a run of minutes a day would show nothing."""
    first = min(item.began_at for item in report.episodes)
    margin = max((report.at - first) * _MARGIN, _LEAST_MARGIN)
    return min(first, max(first - margin, report.at - timedelta(hours=report.hours)))


def _span(episode: Episode, report: ReportDocument, words: Words) -> Span:
    end = episode.ended_at or report.at
    lead = f"{words.moment(episode.began_at)}, {_end(episode, words)}: {words.said(episode.cause)}"
    return Span(episode.plugin, episode.began_at.timestamp(), end.timestamp(), _tone(episode), lead)


def _tone(episode: Episode) -> str:
    if episode.recovered:
        return "healthy"
    return "off" if episode.ended_at else "failed"


def _card(episode: Episode, words: Words) -> Card:
    fields = [Field("", words.said(step)) for step in episode.steps]
    if episode.trace_id:
        fields.append(Field(words("trace"), f"qt trace {episode.trace_id}", code=True))
    why = words("collateral of {plugin}", plugin=episode.collateral_of) if episode.collateral_of else ""
    return Card(
        badge=Mark(_end(episode, words), _tone(episode)),
        heading=" · ".join(filter(None, (words.moment(episode.began_at), episode.plugin, why))),
        lead=words.said(episode.cause),
        fields=tuple(fields),
        folded=True,
    )


def _end(episode: Episode, words: Words) -> str:
    took = words.duration(episode.lasted_s)
    if episode.recovered:
        return words("back after {took}", took=took)
    if episode.ended_at:
        return words("ended by the operator after {took}", took=took)
    return words("not back after {took}", took=took)
