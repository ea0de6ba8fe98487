"""Fills folded into round trips: from flat to flat, one position id each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from plugins.domain.trading import Fill
from plugins.domain.words import Side

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """One position's life so far, from its fills alone.

    `id` comes from the symbol and the first fill's trade id, so that everybody who has the fills
    finds the same name. Quantities are in base asset and unsigned; `gross_pnl` and `fees` are sums of
    what the venue booked, fees positive when paid.
    """

    id: str
    symbol: str
    side: Side
    quantity: Decimal
    entered: Decimal
    entry_value: Decimal
    exited: Decimal
    exit_value: Decimal
    gross_pnl: Decimal
    fees: Decimal
    fills: int
    opened_at: datetime
    opened_market_at: datetime
    first_order_id: str
    last_order_id: str
    last_at: datetime
    last_market_at: datetime

    @property
    def open(self) -> bool:
        """Whether anything is left of it."""
        return self.quantity > ZERO

    @property
    def entry_price(self) -> Decimal:
        """Average price of all that was entered."""
        return self.entry_value / self.entered

    @property
    def exit_price(self) -> Decimal | None:
        """Average price of all that was left, None before the first exit."""
        return self.exit_value / self.exited if self.exited else None


def position_id(symbol: str, venue_trade_id: str) -> str:
    """The name of the round trip that this trade opened."""
    return f"{symbol}-{venue_trade_id}"


def apply(current: RoundTrip | None, fill: Fill) -> tuple[RoundTrip, ...]:
    """The round trips after `fill`: the grown, shrunk or closed one, and a new one if the fill turned it over.

    `current` is the symbol's last round trip; a closed one counts as flat. A fill that turns a
    position over is split, its fee in proportion.
    """
    if current is None or not current.open:
        return (_opened(fill, fill.quantity, fill.fee, fill.realised_pnl),)
    if fill.side is current.side:
        return (_entered(current, fill),)
    if fill.quantity <= current.quantity:
        return (_exited(current, fill, fill.quantity, fill.fee),)
    share = current.quantity / fill.quantity
    closing_fee = fill.fee * share
    rest = fill.quantity - current.quantity
    return (
        _exited(current, fill, current.quantity, closing_fee),
        _opened(fill, rest, fill.fee - closing_fee, ZERO),
    )


def fold(fills: Iterable[Fill]) -> list[RoundTrip]:
    """All round trips of one symbol's fills, which come in the venue's order."""
    rounds: list[RoundTrip] = []
    for fill in fills:
        after = apply(rounds[-1] if rounds else None, fill)
        if rounds and after[0].id == rounds[-1].id:
            rounds.pop()
        rounds.extend(after)
    return rounds


def _opened(fill: Fill, quantity: Decimal, fee: Decimal, pnl: Decimal) -> RoundTrip:
    return RoundTrip(
        id=position_id(fill.symbol, fill.venue_trade_id),
        symbol=fill.symbol,
        side=fill.side,
        quantity=quantity,
        entered=quantity,
        entry_value=quantity * fill.price,
        exited=ZERO,
        exit_value=ZERO,
        gross_pnl=pnl,
        fees=fee,
        fills=1,
        opened_at=fill.at,
        opened_market_at=fill.market_at,
        first_order_id=fill.client_order_id,
        last_order_id=fill.client_order_id,
        last_at=fill.at,
        last_market_at=fill.market_at,
    )


def _entered(current: RoundTrip, fill: Fill) -> RoundTrip:
    return replace(
        _noted(current, fill, fill.fee),
        quantity=current.quantity + fill.quantity,
        entered=current.entered + fill.quantity,
        entry_value=current.entry_value + fill.quantity * fill.price,
    )


def _exited(current: RoundTrip, fill: Fill, quantity: Decimal, fee: Decimal) -> RoundTrip:
    return replace(
        _noted(current, fill, fee),
        quantity=current.quantity - quantity,
        exited=current.exited + quantity,
        exit_value=current.exit_value + quantity * fill.price,
    )


def _noted(current: RoundTrip, fill: Fill, fee: Decimal) -> RoundTrip:
    return replace(
        current,
        gross_pnl=current.gross_pnl + fill.realised_pnl,
        fees=current.fees + fee,
        fills=current.fills + 1,
        last_order_id=fill.client_order_id,
        last_at=fill.at,
        last_market_at=fill.market_at,
    )
