"""Whether what is open keeps to what was allowed: the sizes judged by their effect, on the venue's word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from plugins.domain import Account, Position, RiskBudget, Side, StopState
from plugins.domain.brackets import ASSUMED, liquidation_price
from plugins.risk_manager.known import Held

ZERO = Decimal(0)


class Fault(StrEnum):
    """What can be wrong with a position that is open."""

    OVERSIZED = "oversized"
    LEVERAGE = "leverage"
    LIQUIDATION = "liquidation"


@dataclass(frozen=True, slots=True)
class Excess:
    """A position that does not keep to the budget, and the figures that show it."""

    fault: Fault
    symbol: str
    sentence: str


def excesses(
    account: Account | None, held: Sequence[Held], budget: RiskBudget, tolerance: Decimal
) -> tuple[Excess, ...]:
    """Every position that is larger than its risk, at another leverage, or liquidated before its stop."""
    if account is None or account.equity <= ZERO:
        return ()
    return tuple(excess for each in held for excess in _of(account, each, budget, tolerance))


def loss_at(position: Position, stop: StopState) -> Decimal:
    """USDT lost from the entry price when the stop fills at its trigger; below zero where it locks a profit in."""
    return position.side.sign * (position.entry_price - stop.trigger) * position.quantity


def _of(account: Account, held: Held, budget: RiskBudget, tolerance: Decimal) -> Iterator[Excess]:
    position, stop = held.position, held.stop
    if position.leverage > budget.leverage:
        yield Excess(
            Fault.LEVERAGE,
            position.symbol,
            f"{position.symbol} runs at {position.leverage}x at the venue, sizes are made for {budget.leverage}x",
        )
    if stop is None:
        return  # that nothing guards it is position_monitor's to say
    share = loss_at(position, stop) / account.equity
    if share > budget.risk_share * tolerance:
        yield Excess(
            Fault.OVERSIZED,
            position.symbol,
            f"{position.symbol} would lose {share:.2%} of equity at its stop (allowed {budget.risk_share:.2%})",
        )
    yield from _beyond_liquidation(account, held, stop)


def _beyond_liquidation(account: Account, held: Held, stop: StopState) -> Iterator[Excess]:
    position = held.position
    brackets = held.instrument.brackets if held.instrument and held.instrument.brackets else ASSUMED
    collateral = max(ZERO, account.available - position.unrealised_pnl)
    price = liquidation_price(
        position.side, position.quantity, position.entry_price, collateral=collateral, brackets=brackets
    )
    beyond = stop.trigger <= price if position.side is Side.LONG else stop.trigger >= price
    if price > ZERO and beyond:
        yield Excess(
            Fault.LIQUIDATION,
            position.symbol,
            f"the stop of {position.symbol} at {stop.trigger} lies beyond its liquidation at about {price:.8g}",
        )
