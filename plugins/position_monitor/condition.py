"""What the monitor says of itself: by what is covered, not by being alive."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

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
    if not findings:
        held = figures.positions
        told = f"{held} open, each with a live stop" if held else "no position is open"
        return Health.healthy(told, **figures.facts)
    critical = any(finding.severity is Severity.CRITICAL for finding in findings)
    state = Health.critical if critical else Health.degraded
    return state(findings[0].summary, *findings, **figures.facts)


def _findings(figures: Figures) -> list[Finding]:
    found = []
    if figures.naked:
        found.append(_naked(figures))
    if figures.differs_s > figures.differs_limit_s:
        found.append(_unseen(figures))
    if figures.adrift and figures.drift is not None:
        found.append(_adrift(figures.drift))
    return found


def _naked(figures: Figures) -> Finding:
    symbol, naked_s = max(figures.naked.items(), key=lambda item: item[1])
    return Finding(
        code="QT-POSITION-NAKED",
        severity=Severity.CRITICAL if naked_s > figures.naked_limit_s else Severity.HIGH,
        summary=f"{symbol} has had no live stop on the venue for {naked_s:.1f} s",
        evidence={"naked_s": {name: round(value, 2) for name, value in figures.naked.items()}},
        cause=figures.last_failure or "its stop is being placed",
        consequence="a jump of the market is not stopped by the venue",
        fix="nothing, unless it lasts: a stop is placed, or the position is closed; by hand: "
        f'`qt call exchange.close \'{{"symbol": "{symbol}", "reason": "operator"}}\'`',
        verify="`qt positions` shows a stop beside each position",
    )


def _unseen(figures: Figures) -> Finding:
    return Finding(
        code="QT-POSITION-UNSEEN",
        severity=Severity.HIGH,
        summary=f"the account holds {figures.account_positions} positions, {figures.positions} are followed",
        evidence={"for_s": round(figures.differs_s, 1)},
        cause="messages were lost, or fills and positions do not agree at the exchange",
        consequence="what is not followed keeps its stop on the venue, but is not led out of the market",
        fix="`qt call exchange.reconcile`; if it lasts, `qt restart position_monitor`",
        verify="`qt positions` and `qt call position_monitor.watched` list the same symbols",
    )


def _adrift(drift: Decimal) -> Finding:
    return Finding(
        code="QT-POSITION-MONEY-ADRIFT",
        severity=Severity.MEDIUM,
        summary=f"the wallet is {drift:+.4f} USDT away from price, fees and funding as booked",
        evidence={"drift_usdt": str(drift)},
        cause="an execution, a fee or a settlement is missing in exchange.db, or a fee was paid in another asset",
        consequence="profit and loss as shown are not what the venue has paid",
        fix="`qt call exchange.reconcile`, then compare `qt call exchange.income` with the venue's own list",
        verify="`qt pnl` shows no difference",
    )
