"""Judges the document's sixteen claims: each check reads only the evidence of a home, and says what it used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from plugins.drills.seed_night import judges_health, judges_trading
from plugins.drills.seed_night.documents import Claim, Evidence, Judgement, Truth, Words, claims

Ruling = tuple[Truth, dict[str, Any]]
Check = Callable[[Evidence, Mapping[str, str]], Ruling]

CHECKS: dict[str, Check] = {
    "counts": judges_health.counts,
    "database": judges_health.database,
    "ages": judges_health.ages,
    "exchange": judges_health.exchange,
    "modules": judges_health.modules,
    "constructors": judges_health.constructors,
    "funnel": judges_trading.funnel,
    "regime": judges_trading.regime,
    "risk": judges_trading.risk,
    "attended": judges_trading.attended,
    "stops": judges_trading.stops,
    "funding": judges_trading.funding,
    "models": judges_health.models,
    "healer": judges_health.healer,
    "mode": judges_trading.mode,
    "resumes": judges_trading.resumes,
}


def judged(evidence: Evidence) -> tuple[Judgement, ...]:
    """All claims, in the document's order."""
    return tuple(judgement(claim, evidence) for claim in claims().claims)


def judgement(claim: Claim, evidence: Evidence) -> Judgement:
    """One claim: the verdict that its check comes to, told in the sentence for that verdict."""
    truth, figures = CHECKS[claim.check](evidence, claim.quoted)
    return Judgement(
        number=claim.number,
        said=claim.said,
        truth=truth,
        now=_filled(claim.verdicts[truth], figures),
        figures=figures,
        command=claim.command,
    )


def _filled(words: Words, figures: Mapping[str, Any]) -> Words:
    known = defaultdict(lambda: "—", {name: "—" if value is None else value for name, value in figures.items()})
    return {language: text.format_map(known) for language, text in words.items()}
