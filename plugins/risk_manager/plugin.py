"""The plugin: says what one trade may use, answers what a size would be, and watches what came of it."""

from __future__ import annotations

from typing import Any, ClassVar

from plugins.domain import (
    Account,
    Instrument,
    Mark,
    Outcome,
    PortfolioAdvice,
    Position,
    RiskBudget,
    Side,
    StopState,
    TradingPolicy,
)
from plugins.domain.sizing import why_too_small
from plugins.risk_manager import kinds
from plugins.risk_manager.audit import Excess, excesses
from plugins.risk_manager.known import Known
from plugins.risk_manager.settings import RiskManagerSettings
from qtcore import Context, Finding, FindingKind, Health, Plugin, action, every, hookimpl

Ctx = Context[RiskManagerSettings]

NOTHING_FITS = 20
"""Sizes refused in a row, none allowed between, before somebody should look."""


class RiskManager(Plugin[RiskManagerSettings]):
    """Its caps are the ones that orders are sized with; when it is away, its word expires and nothing is entered."""

    reads: ClassVar[list[type[Any]]] = [Account, Position, StopState, Instrument, Mark, TradingPolicy, Outcome]
    optional_reads: ClassVar[list[type[Any]]] = [PortfolioAdvice]
    writes: ClassVar[list[type[Any]]] = [RiskBudget]
    area = "core trading"
    cadence_s = 5.0

    def __init__(self) -> None:
        self._known = Known()

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Say the budget, then listen."""
        async with ctx.subscribe(Account, Position, StopState, Instrument, Mark, TradingPolicy, Outcome) as news:
            await self.say(ctx)
            ctx.ready()
            async for message in news:
                self._known.hear(message, ctx.now())

    @every(2.0)
    async def say(self, ctx: Ctx) -> None:
        """Renew the budget before it expires."""
        await ctx.publish(ctx.settings.budget(ctx.wall()))
        ctx.progress("budgets")

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return kinds.KINDS

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """By effect: sizes given and refused, and whether every open position keeps to its risk."""
        known, settings = self._known, ctx.settings
        facts: dict[str, Any] = {
            "sized": known.sized,
            "refused": known.refused,
            "last_refusal": known.last_refusal,
            "positions": len(known.positions),
            "symbols_without_margin_table": sum(not each.brackets for each in known.instruments.values()),
        }
        if (missing := self._missing(ctx)) is not None:
            return Health.degraded(f"no size can be given: {missing}", **facts)
        found = excesses(known.account, known.held(), settings.budget(ctx.wall()), settings.tolerance)
        findings = [_finding(excess) for excess in found]
        if known.refused_in_a_row >= NOTHING_FITS:
            findings.append(_nothing_fits(known.refused_in_a_row, known.last_refusal))
        if findings:
            return Health.degraded(findings[0].summary, *findings, **facts)
        return Health.healthy(f"{known.sized} sized, {known.refused} refused; what is open keeps to its risk", **facts)

    @action(help="the size that an entry would have now, and every number that leads to it")
    async def size(self, ctx: Ctx, symbol: str, side: Side) -> dict[str, Any]:
        """Size an entry as the executor would; nothing is sent. Raises CannotSize."""
        advice = ctx.latest(PortfolioAdvice)
        entry = advice.entry(symbol, side) if advice is not None and advice.enforced else None
        sizing, instrument = self._known.size(symbol, side, ctx.settings.budget(ctx.wall()), entry)
        return {**sizing.record(), "too_small": why_too_small(sizing, instrument)}

    def _missing(self, ctx: Ctx) -> str | None:
        known = self._known
        if known.account is None:
            return "the account is not known"
        if (age_s := ctx.now() - known.account_s) > ctx.settings.account_age_s:
            return f"the account was last heard of {age_s:.0f} s ago"
        if known.policy is None:
            return "the policy is not known"
        return None if known.instruments else "the venue's rules are not known"


def _finding(excess: Excess) -> Finding:
    return kinds.EXCESS[excess.fault].found(excess.sentence, subject=excess.symbol, evidence={"symbol": excess.symbol})


def _nothing_fits(refused: int, last: str) -> Finding:
    return kinds.NOTHING_FITS.found(f"{refused} sizes in a row were too small for the venue", evidence={"last": last})
