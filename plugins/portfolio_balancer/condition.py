"""What the balancer's health says: figures in, an answer with its findings out."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from plugins.domain import PortfolioAdvice
from plugins.portfolio_balancer import kinds
from qtcore import Finding, Health


@dataclass(frozen=True, slots=True)
class Standing:
    """How the balancer stands; ages in real seconds, None where there never was one."""

    advice: PortfolioAdvice | None
    advice_age_s: float
    renew_s: float
    account_known: bool
    positions: int
    returns: int
    least: int
    estimate_age_s: float | None
    estimate_limit_s: float
    failure: str


def health_of(now: Standing) -> Health:
    """Unknown while there is too little history; degraded when it cannot see, or the book is over its caps."""
    facts = {
        "positions": now.positions,
        "returns": now.returns,
        "returns_needed": now.least,
        **(now.advice.figures if now.advice else {}),
    }
    if now.failure or (now.estimate_age_s is not None and now.estimate_age_s > now.estimate_limit_s):
        finding = _blind(now)
        return Health.degraded(finding.summary, finding, **facts)
    if not now.returns:
        return Health.unknown(
            f"too little history (under {now.least} returns) to say what moves together; all counts as one",
            **facts,
        )
    if now.advice is None or now.advice_age_s > 3 * now.renew_s:
        why = "no word of the account" if not now.account_known else f"the last advice is {now.advice_age_s:.0f} s old"
        return Health.degraded(f"no advice is in force: {why}", **facts)
    if now.advice.reductions:
        return Health.degraded(now.advice.reductions[0].reason, _over(now.advice), **facts)
    return Health.healthy(f"{now.advice.reason}; most used: {now.advice.figures['most_used_cap']}", **facts)


def _blind(now: Standing) -> Finding:
    why = now.failure or f"the last estimate is {now.estimate_age_s or 0:.0f} s old"
    return kinds.BLIND.found(f"how symbols move together is not known any more: {why}")


def _over(advice: PortfolioAdvice) -> Finding:
    cuts: dict[str, JsonValue] = {cut.symbol: f"close {cut.share:.0%}: {cut.reason}" for cut in advice.reductions}
    return kinds.OVER.found(advice.reductions[0].reason, evidence={**cuts, "enforced": advice.enforced})
