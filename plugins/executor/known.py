"""What the executor has heard, and how old it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from plugins.domain import Account, Instrument, Mark, Position, Signal, TradingPolicy, Universe
from plugins.executor.world import World
from plugins.store.kill_switch import KillSwitch

UNTOLD_S = 30.0
"""How long an entry keeps its slot while the exchange has not told its position; it tells within a few seconds."""


@dataclass(slots=True)
class Known:
    """Everything heard so far; ages are counted from when it was heard (monotonic real seconds)."""

    universe: Universe | None = None
    policy: TradingPolicy | None = None
    account: Account | None = None
    account_s: float = 0.0
    marks: dict[str, Mark] = field(default_factory=dict)
    marks_s: dict[str, float] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    entered_at: dict[str, datetime] = field(default_factory=dict)
    """Market time of the last entry by symbol."""
    untold: dict[str, float] = field(default_factory=dict)
    """Symbols just entered whose position has not been told since, with the real time of the entry."""

    def entered(self, symbol: str, *, market_now: datetime, now_s: float) -> None:
        """An entry filled, or may have: it counts as open from now on, not only when its position is told."""
        self.entered_at[symbol] = market_now
        if symbol not in self.positions:
            self.untold[symbol] = now_s

    def hear(self, message: object, now_s: float) -> None:
        """Take a message of any topic that the executor reads."""
        match message:
            case Universe():
                self.universe = message
            case TradingPolicy():
                self.policy = message
            case Account():
                self.account, self.account_s = message, now_s
            case Mark():
                self.marks[message.symbol], self.marks_s[message.symbol] = message, now_s
            case Instrument():
                self.instruments[message.symbol] = message
            case Position() if message.quantity:
                self.positions[message.symbol] = message
                self.untold.pop(message.symbol, None)
            case Position():
                self.positions.pop(message.symbol, None)

    def forget_entries(self, market_now: datetime, older_than: timedelta) -> None:
        """Drop entries that no cooldown asks for any more."""
        self.entered_at = {symbol: at for symbol, at in self.entered_at.items() if market_now - at < older_than}

    def world(self, signal: Signal, *, posture: str, kill: KillSwitch, market_now: datetime, now_s: float) -> World:
        """The view in which one signal is judged."""
        self.untold = {symbol: at_s for symbol, at_s in self.untold.items() if now_s - at_s < UNTOLD_S}
        return World(
            market_now=market_now,
            posture=posture,
            kill_reason=f"the kill switch is on: {kill.why} ({kill.who})" if kill.on else None,
            universe=self.universe,
            policy=self.policy,
            account=self.account,
            account_age_s=now_s - self.account_s,
            mark=self.marks.get(signal.symbol),
            mark_age_s=now_s - self.marks_s.get(signal.symbol, 0.0),
            instrument=self.instruments.get(signal.symbol),
            positions=self.positions,
            untold=frozenset(self.untold),
            last_entry_at=self.entered_at.get(signal.symbol),
        )
