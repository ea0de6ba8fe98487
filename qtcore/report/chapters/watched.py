"""Verdicts of `qt watch`: for how long a status was watched, and whether it held."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.report.document import ReportDocument, Watched
from qtcore.report.page import Block, Points
from qtcore.report.words import Words


def watched(report: ReportDocument, words: Words) -> Iterator[Block]:
    """One sentence for each verdict; nothing where nobody has watched."""
    if report.watched:
        yield Points(tuple(_verdict(item, words) for item in report.watched))


def _verdict(item: Watched, words: Words) -> str:
    values = {
        "at": words.moment(item.at),
        "time": words.duration(item.waited_s),
        "status": words(item.until),
        "wanted": words.duration(item.for_s),
        "held": words.duration(item.held_s),
        "why": words.said(item.why),
        "who": item.who,
    }
    if item.held:
        return words("{at}: watched for {time} by {who}: {status} held for {wanted}", **values)
    if item.breaks:
        return words("{at}: watched for {time} by {who}: {status} broke after {held}: {why}", **values)
    if item.held_s > 0:
        return words("{at}: watched for {time} by {who}: {status} held for only {held} of {wanted}", **values)
    return words("{at}: watched for {time} by {who}: never {status}: {why}", **values)
