"""Profit and loss from what the venue booked: price, fees and funding of each position, and the wallet they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)
CENT = Decimal("0.01")
FUNDING = "FUNDING_FEE"


@dataclass(frozen=True, slots=True)
class Parts:
    """What one position has brought so far, in USDT: `price` as the venue realised it, the rest negative when paid."""

    price: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """Price, fees and funding together."""
        return self.price + self.fees + self.funding


@dataclass(slots=True)
class Money:
    """Every booked fill and wallet change added up, read page by page from the exchange's ledger.

    `total` is what the wallet must have moved by since that ledger began; `base` is what it held before.
    """

    ledger: str = ""
    after_fill: int = 0
    after_income: int = 0
    total: Decimal = ZERO
    base: Decimal | None = None
    seemed: Decimal | None = None
    """What the wallet seemed to hold before this ledger, by the last look that could not yet say so for certain."""
    parts: dict[str, Parts] = field(default_factory=dict)
    latest: dict[str, str] = field(default_factory=dict)
    """The newest position of each symbol: a settlement is paid by the one that is open."""

    def add_fills(self, lines: Iterable[Mapping[str, Any]]) -> int:
        """Count fills once each; says how many were new."""
        new = 0
        for line in lines:
            if int(line["sequence"]) <= self.after_fill:
                continue
            fill, position_id = line["fill"], str(line["position_id"])
            price, fee = Decimal(fill["realised_pnl"]), Decimal(fill["fee"])
            before = self.parts.get(position_id, Parts())
            self.parts[position_id] = replace(before, price=before.price + price, fees=before.fees - fee)
            self.latest[str(fill["symbol"])] = position_id
            self.total += price - fee
            self.after_fill = int(line["sequence"])
            new += 1
        return new

    def add_income(self, lines: Iterable[Mapping[str, Any]]) -> int:
        """Count wallet changes that are no trades once each; says how many were new."""
        new = 0
        for line in lines:
            if int(line["sequence"]) <= self.after_income:
                continue
            amount, position_id = Decimal(line["amount"]), self.latest.get(str(line["symbol"]))
            if line["kind"] == FUNDING and position_id is not None:
                before = self.parts[position_id]
                self.parts[position_id] = replace(before, funding=before.funding + amount)
            self.total += amount
            self.after_income = int(line["sequence"])
            new += 1
        return new

    def drift(self, wallet: Decimal) -> Decimal | None:
        """How far the wallet is from what was booked; None until it is known what it held before.

        Two looks in a row must agree on that: one may fall between an execution and its booking, and
        what it took for the beginning would be a difference for ever.
        """
        if self.base is None:
            before = wallet - self.total
            agreed, self.seemed = before == self.seemed, before
            if not agreed:
                return None
            self.base = before
        return wallet - self.total - self.base

    def forget_closed(self, open_ids: Iterable[str]) -> None:
        """Keep the parts of open positions only; the sum keeps everything."""
        kept = set(open_ids) | set(self.latest.values())
        self.parts = {position_id: parts for position_id, parts in self.parts.items() if position_id in kept}
