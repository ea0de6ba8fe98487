"""What the monitor says of itself: by what is covered, not by being alive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plugins.position_monitor import kinds
from plugins.position_monitor.funding import Due
from qtcore import Finding, Health, Severity


@dataclass(frozen=True, slots=True)
class Figures:
    """The state that health is judged by; seconds are real."""

    told: bool
    positions: int
    account_positions: int
    naked: dict[str, float]
    naked_limit_s: float
    differs_s: float
    differs_limit_s: float
    drift: Decimal | None
    adrift: bool
    closed: dict[str, int]
    last_failure: str | None
    due: tuple[Due, ...] = ()
    """Settlements that cost more than is worth a thought."""

    @property
    def facts(self) -> dict[str, Any]:
        """For the state file and the report."""
        return {
            "positions": self.positions,
            "covered": self.positions - len(self.naked),
            "oldest_uncovered_s": round(max(self.naked.values(), default=0.0), 2),
            "wallet_drift": str(self.drift) if self.drift is not None else None,
            "closed": self.closed,
        }


def health_of(figures: Figures) -> Health:
    """Unknown until the first word of the account, healthy only when every position is seen and covered."""
    if not figures.told:
        return Health.unknown("no word of the account yet, so whether there are positions is not known")
    findings = list(_findings(figures))
    paying = tuple(_paying(due) for due in figures.due)
    if not findings:
        held = figures.positions
        told = f"{held} open, each with a live stop" if held else "no position is open"
        # What a position costs is no fault of whoever watches it.
        return Health.healthy(told, **figures.facts).model_copy(update={"findings": paying})
    critical = any(finding.severity is Severity.CRITICAL for finding in findings)
    state = Health.critical if critical else Health.degraded
    return state(findings[0].summary, *findings, *paying, **figures.facts)


def _findings(figures: Figures) -> list[Finding]:
    found = [*_naked(figures)]
    if figures.differs_s > figures.differs_limit_s:
        found.append(_unseen(figures))
    if figures.adrift and figures.drift is not None:
        found.append(_adrift(figures.drift))
    return found


def _naked(figures: Figures) -> Iterator[Finding]:
    """One for each position, the one that has waited longest first."""
    for symbol, naked_s in sorted(figures.naked.items(), key=lambda item: -item[1]):
        yield kinds.NAKED.found(
            f"{symbol} has had no live stop on the venue for {naked_s:.1f} s",
            subject=symbol,
            severity=Severity.CRITICAL if naked_s > figures.naked_limit_s else Severity.HIGH,
            evidence={"naked_s": round(naked_s, 2), "limit_s": figures.naked_limit_s},
            cause=figures.last_failure or "",
        )


def left_naked(symbol: str, why: str) -> Finding:
    """Of a position that is being closed because nothing protects it: gone, it could not be told by health."""
    return kinds.NAKED.found(
        f"{symbol} is closed because nothing protects it: {why}",
        subject=symbol,
        evidence={"why": why, "closing": True},
        cause="no stop could be placed in time, so its size was taken away instead",
    )


def _unseen(figures: Figures) -> Finding:
    return kinds.UNSEEN.found(
        f"the account holds {figures.account_positions} positions, {figures.positions} are followed",
        evidence={"for_s": round(figures.differs_s, 1)},
    )


def _adrift(drift: Decimal) -> Finding:
    return kinds.MONEY_ADRIFT.found(
        f"the wallet is {drift:+.4f} USDT away from price, fees and funding as booked",
        evidence={"drift_usdt": str(drift)},
    )


def _paying(due: Due) -> Finding:
    when = f" at {due.at:%H:%M}" if due.at else ""
    return kinds.FUNDING.found(
        f"{due.symbol} pays {due.share:.3%} of its notional at the settlement{when}, {due.of_margin:.2%} of its margin",
        subject=due.symbol,
        evidence={
            "rate": str(due.rate), "side": due.side, "share_of_notional": str(due.share),
            "share_of_margin": str(due.of_margin), "usdt": str(due.amount),
        },
    )  # fmt: skip
