"""`qt findings`: what is wrong, each effect under its cause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from qtcore.cli.app import HomeOption, JsonOption, new_app
from qtcore.cli.asking import refuse_unused
from qtcore.cli.exits import Exit, exit_of
from qtcore.cli.output import say, say_json, table
from qtcore.health.model import Finding, Status, worst
from qtcore.health.whole import demanded
from qtcore.records.home import Home
from qtcore.report.durations import ago, clock_time
from qtcore.report.open_findings import FindingsDocument, OpenFinding, open_findings

app = new_app()

_EFFECT = "└ "
_COLUMNS = ("severity", "finding", "for", "seen", "state", "summary")
_SPARE = ("seen", "for")


@app.command()
def findings(
    *,
    everything: Annotated[bool, typer.Option("--all", help="also what is over")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """List open findings, the gravest cause first and its effects below it."""
    place = Home.find(home)
    refuse_unused(place)
    document = open_findings(place, over=everything)
    if as_json:
        say_json(document.model_dump(mode="json", by_alias=True))
    else:
        for text in _told(document, everything=everything):
            say(text)
    found = [item.finding for item in document.findings]
    status = worst(*demanded(found, document.at)) if demanded(found, document.at) else Status.HEALTHY
    return exit_of(status.value) if document.running else Exit.NOT_RUNNING


def _told(document: FindingsDocument, *, everything: bool) -> Iterator[str]:
    if not document.running:
        yield "NOT RUNNING: what follows is from the records"
    if document.findings:
        yield table([_row(item, document.at) for item in document.findings], _COLUMNS, spare=_SPARE)
    else:
        yield "No open findings."
    for mute in document.mutes:
        why = f": {mute.reason}" if mute.reason else ""
        yield f"muted: {mute.target} until {clock_time(mute.until)} by {mute.who}{why}"
    if everything:
        yield "over, the latest first:" if document.resolved else "Nothing is over yet."
        for finding in document.resolved:
            yield f"  {clock_time(finding.resolved_at)}  {_lasted(finding)}  {finding.fingerprint}: {finding.summary}"


def _row(item: OpenFinding, now: datetime) -> dict[str, Any]:
    finding = item.finding
    return {
        "severity": finding.severity.value,
        "finding": f"{_EFFECT if item.because_of else ''}{item.fingerprint}",
        "for": ago(finding.opened_at, now) if finding.opened_at else None,
        "seen": finding.count,
        "state": ", ".join(_marks(finding, now)),
        "summary": finding.summary,
    }


def _marks(finding: Finding, now: datetime) -> Iterator[str]:
    yield "unconfirmed" if finding.unconfirmed else "gone" if finding.gone_at else "open"
    if finding.episodes > 1:
        yield f"episode {finding.episodes}"
    if finding.acknowledged_by:
        yield f"known to {finding.acknowledged_by}"
    if finding.muted_until and now < finding.muted_until:
        yield f"muted until {clock_time(finding.muted_until)}"


def _lasted(finding: Finding) -> str:
    return ago(finding.opened_at, finding.resolved_at) if finding.opened_at and finding.resolved_at else "-"
