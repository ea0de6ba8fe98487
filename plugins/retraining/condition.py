"""What retraining's health says: what it did and what is due in, an answer with its findings out."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.retraining import kinds
from plugins.retraining.order import Stage
from plugins.retraining.record import Done, Record
from qtcore import Finding, Health

INSTANT_S = 0.05
"""No member learns from hundreds of decisions in less."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How retraining stands; times in real seconds."""

    record: Record
    last: Done | None
    stage: Stage | None
    working_on: str
    due: str
    waits: str
    due_for_s: float
    patience_s: float
    failure: str
    starved: str


def health_of(now: Reading) -> Health:
    """Healthy while it trains, or has nothing to do; degraded when what is due does not come."""
    facts = _facts(now)
    findings = findings_of(now)
    if findings:
        return Health.degraded(findings[0].summary, *findings, **facts)
    if now.stage is not None:
        return Health.healthy(f"{now.working_on}: {now.stage.member} {now.stage.done:.0%}, {now.stage.stage}", **facts)
    if now.working_on:
        return Health.healthy(now.working_on, **facts)
    if now.last is None:
        return Health.healthy(now.waits or now.due or "no training yet; nothing is due", **facts)
    return Health.healthy(f"last training: {_told(now.last)}", **facts)


def findings_of(now: Reading) -> list[Finding]:
    """The gravest first."""
    return [
        *([_failed(now)] if now.failure else ()),
        *([_overdue(now)] if now.due and not now.working_on and now.due_for_s > now.patience_s else ()),
        *([_starved(now)] if now.starved else ()),
        *([_instant(now.last)] if now.last and _instants(now.last) else ()),
        *([_unchanged(now.last)] if now.last and _unchanging(now.last) else ()),
    ]


def _facts(now: Reading) -> dict[str, object]:
    watched = {str(member): f"{one.phase} of {one.new[:12]}" for member, one in now.record.watched.items()}
    return {
        "trainings": len(now.record.trainings),
        "stage": None if now.stage is None else f"{now.stage.member}: {now.stage.stage}",
        "done": None if now.stage is None else now.stage.done,
        "watched": watched,
        "last": None if now.last is None else {str(r.member): f"{r.ruling}: {r.reason}" for r in now.last.results},
    }


def _told(done: Done) -> str:
    return ", ".join(f"{result.member} {result.ruling}" for result in done.results) or "nothing"


def _instants(done: Done) -> list[str]:
    return [str(r.member) for r in done.results if r.artefact and r.seconds < INSTANT_S]


def _unchanging(done: Done) -> list[str]:
    return [str(r.member) for r in done.results if r.ruling == "unchanged"]


def _failed(now: Reading) -> Finding:
    return kinds.FAILED.found(f"training failed: {now.failure}")


def _overdue(now: Reading) -> Finding:
    return kinds.OVERDUE.found(
        f"a training is due since {now.due_for_s:.0f} s and none has begun: {now.due}",
        evidence={"due_for_s": round(now.due_for_s), "patience_s": now.patience_s},
    )


def _starved(now: Reading) -> Finding:
    return kinds.STARVED.found(f"there is nothing new to learn from: {now.starved}")


def _instant(done: Done) -> Finding:
    return kinds.INSTANT.found(
        f"trained in no time: {', '.join(_instants(done))}",
        evidence={str(result.member): result.seconds for result in done.results},
    )


def _unchanged(done: Done) -> Finding:
    return kinds.UNCHANGED.found(f"training made bit for bit the model that was there: {', '.join(_unchanging(done))}")
