"""What the guard has heard of account and positions, what it has approved, and how that adds up to a view."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from plugins.domain import Account, Fill, Position
from plugins.risk_guard.limits import Baselines, View, Wish
from plugins.risk_guard.trips import Trips

PROMISED_S = 10.0
"""How long an approved entry counts while no position of it is told; one that fills is told within a few seconds."""

MINUTE_S = 60.0


@dataclass(slots=True)
class Known:
    """Everything heard so far; times are monotonic real seconds unless they are dates."""

    account: Account | None = None
    heard_s: float = 0.0
    positions: dict[str, Position] = field(default_factory=dict)
    promised: dict[str, tuple[Decimal, float]] = field(default_factory=dict)
    baselines: Baselines | None = None
    unproven: str | None = None
    trips: Trips = field(default_factory=Trips)
    _unmatched_since_s: float | None = None
    _entries: deque[float] = field(default_factory=deque)
    _orders: dict[str, datetime] = field(default_factory=dict)

    def hear(self, message: object, now_s: float) -> None:
        """Take the venue's word about account or position."""
        match message:
            case Account():
                self.account, self.heard_s = message, now_s
            case Position() if message.quantity:
                self.positions[message.symbol] = message
                self.promised.pop(message.symbol, None)
            case Position():
                self.positions.pop(message.symbol, None)
        matches = self.account is None or self.account.positions == len(self.positions)
        self._unmatched_since_s = None if matches else (self._unmatched_since_s or now_s)

    def approve(self, wish: Wish, now_s: float) -> None:
        """Count an entry from the moment it is approved."""
        self.promised[wish.symbol] = (wish.side.sign * wish.notional, now_s)
        self._entries.append(now_s)

    def filled(self, fills: Iterable[Fill]) -> None:
        """Note which orders were filled when (wall time)."""
        for fill in fills:
            self._orders.setdefault(fill.client_order_id, fill.at)

    def view(self, *, now_s: float, wall: datetime, market_now: datetime | None, kill_reason: str | None) -> View:
        """All of it as the rules look at it."""
        self._forget(now_s, wall)
        age_s = (wall - self.account.reconciled_at).total_seconds() if self.account else 0.0
        return View(
            account=self.account,
            age_s=max(age_s, now_s - self.heard_s),
            positions=tuple(self.positions.values()),
            baselines=self.baselines,
            kill_reason=kill_reason,
            promised={symbol: notional for symbol, (notional, _) in self.promised.items()},
            unmatched_s=now_s - self._unmatched_since_s if self._unmatched_since_s is not None else 0.0,
            unproven=self.unproven,
            trips=self.trips,
            market_now=market_now,
            orders=len(self._orders),
            entries=len(self._entries),
        )

    def _forget(self, now_s: float, wall: datetime) -> None:
        self.promised = {symbol: made for symbol, made in self.promised.items() if now_s - made[1] < PROMISED_S}
        while self._entries and now_s - self._entries[0] >= MINUTE_S:
            self._entries.popleft()
        oldest = wall - timedelta(seconds=MINUTE_S)
        self._orders = {order: at for order, at in self._orders.items() if at > oldest}
