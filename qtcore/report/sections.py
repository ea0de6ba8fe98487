"""The report in sections, ready to be set as text or as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qtcore.health.model import Finding, Healing
from qtcore.report.document import Episode, ReportDocument, Scorecard, ScoreLine
from qtcore.report.durations import ago, clock_time, duration
from qtcore.report.status_text import counts_line, not_running_line

_KILO = 1024


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; each row has as many cells as there are headings."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with lines, tables and points under it."""

    title: str
    parts: tuple[str | Table | tuple[str, ...], ...]
    """A text is a paragraph, a tuple of texts a list of points."""


def banner_lines(report: ReportDocument) -> list[str]:
    """What must be read first: whether it runs, in which mode, how it is."""
    score = "no score" if report.scorecard.score is None else f"{report.scorecard.score}/100"
    name = f"{report.application} · " if report.application else ""
    first = f"{name}MODE {report.mode.upper()} · posture {report.posture} · {report.status.value} · {score}"
    if not report.running:
        silence = not_running_line(report.since, report.at)
        return [silence, first] if report.since else [silence]
    return [first, f"supervised since {clock_time(report.since)} ({ago(report.since, report.at)})"]


def sections(report: ReportDocument) -> list[Section]:
    """Every section, in the order in which a person needs them; none where nothing has ever run."""
    if not report.running and report.since is None:
        return []
    return [
        Section("Counts", (f"{counts_line({str(key): value for key, value in report.counts.items()})}.",)),
        Section("Posture", (_posture(report),)),
        Section("Findings", tuple(_findings(report))),
        Section("What runs", (_plugins(report),)),
        Section("Scorecard", tuple(_scorecard(report.scorecard))),
        Section(f"What was healed in the last {report.hours:g} hours", tuple(_healed(report.healings))),
        Section(f"Episodes in the last {report.hours:g} hours", tuple(_episodes(report))),
        Section("Records", tuple(_records(report))),
    ]


def _posture(report: ReportDocument) -> tuple[str, ...]:
    if not report.running:
        return (f"{report.posture} was the last one known; nothing runs that could act",)
    return report.posture_reasons or (f"{report.posture}: nobody demands more",)


def _findings(report: ReportDocument) -> Iterator[str | tuple[str, ...]]:
    if not report.findings:
        yield "None open."
    for finding in report.findings:
        yield f"{finding.severity.value.upper()}  {finding.code}  {finding.plugin or 'supervisor'}: {finding.summary}"
        if points := tuple(_finding_points(finding)):
            yield points


def _finding_points(finding: Finding) -> Iterator[str]:
    if finding.evidence:
        yield "evidence: " + ", ".join(f"{key} {value}" for key, value in finding.evidence.items())
    for label in ("cause", "consequence", "fix", "verify"):
        if text := getattr(finding, label):
            yield f"{label}: {text}"
    for remedy in finding.remedies:
        yield f"{remedy.kind.value} remedy: {remedy.act} ({remedy.effect})"
    if finding.opened_at:
        yield f"open since {clock_time(finding.opened_at)}, seen {finding.count} times"
    if finding.trace_id:
        yield f"trace: qt trace {finding.trace_id}"


def _plugins(report: ReportDocument) -> Table:
    return Table(
        ("plugin", "status", "lifecycle", "for", "host", "restarts", "summary"),
        tuple(
            (
                line.name,
                line.status.value,
                line.lifecycle.value,
                ago(line.since, report.at),
                line.host or "-",
                str(line.restarts),
                line.summary,
            )
            for line in report.plugins
        ),
    )


def _scorecard(card: Scorecard) -> Iterator[str | Table]:
    if card.score is None:
        yield "Everything is off, so there is no score."
        return
    yield Table(("plugin", "score", "why"), tuple(_score_row(line) for line in card.plugins))
    weights = "ten times the mean of the scores, vital plugins counted twice"
    yield f"Overall {card.score}/100: {card.mean} is {weights}" + (f"; {card.cap}." if card.cap else ".")


def _score_row(line: ScoreLine) -> tuple[str, str, str]:
    name = f"{line.plugin} (vital)" if line.vital else line.plugin
    if line.score is None:
        return name, "-", "off, does not count"
    lost = ", ".join(f"-{item.points} {item.reason}" for item in line.deductions)
    return name, f"{line.score}/10", lost or "nothing lost"


def _healed(healings: Sequence[Healing]) -> Iterator[str | Table]:
    if not healings:
        yield "Nothing needed healing."
        return
    rows = tuple(
        (
            clock_time(item.ended_at or item.started_at),
            item.plugin,
            item.rung.value,
            item.act,
            item.outcome.value,
            _took(item),
            item.proof or "-",
        )
        for item in healings
    )
    yield Table(("when", "plugin", "rung", "act", "outcome", "took", "proof"), rows)


def _took(healing: Healing) -> str:
    took_s = (healing.ended_at - healing.started_at).total_seconds() if healing.ended_at else 0.0
    return _span(took_s) if took_s > 0 else "-"


def _span(seconds: float) -> str:
    return f"{seconds:.3f} s" if seconds < 1 else duration(seconds)


def _episodes(report: ReportDocument) -> Iterator[str | tuple[str, ...]]:
    if not report.episodes:
        yield "None."
    for episode in report.episodes:
        yield _episode_line(episode)
        if points := (*episode.steps, *([f"trace: qt trace {episode.trace_id}"] if episode.trace_id else [])):
            yield points


def _episode_line(episode: Episode) -> str:
    took = _span(episode.lasted_s)
    if episode.recovered:
        end = f"back after {took}"
    else:
        end = f"ended by the operator after {took}" if episode.ended_at else f"not back after {took}"
    why = f" (collateral of {episode.collateral_of})" if episode.collateral_of else ""
    return f"{clock_time(episode.began_at)}  {episode.plugin}{why}: {episode.cause}; {end}"


def _records(report: ReportDocument) -> Iterator[str | Table | tuple[str, ...]]:
    yield Table(("what", "size", "where"), tuple((use.what, size(use.bytes), use.path) for use in report.usage))
    yield f"{size(report.free_bytes)} are free on that disk."
    if report.missing_protections or report.damage:
        yield (*report.damage, *report.missing_protections)


def size(count: int) -> str:
    """`3.4 MB`: bytes in powers of 1024."""
    amount, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while amount >= _KILO and len(units) > 1:
        amount, units = amount / _KILO, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"
