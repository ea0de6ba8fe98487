"""What the executor has heard, and how old it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from plugins.domain import (
    Account,
    Instrument,
    Mark,
    PortfolioAdvice,
    Position,
    RiskBudget,
    Signal,
    Source,
    SourceVerdict,
    TradingPolicy,
    Universe,
)
from plugins.executor.gates import Order
from plugins.executor.world import Entry, World
from plugins.store.kill_switch import KillSwitch

DAY = timedelta(days=1)
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
    entries: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    """The last day's entries by symbol, oldest first."""
    verdicts: dict[Source, tuple[SourceVerdict, float]] = field(default_factory=dict)
    advised: bool = False
    """Whether the portfolio balancer has spoken in this life."""
    untold: dict[str, tuple[float, Decimal]] = field(default_factory=dict)
    """Symbols just entered whose position has not been told since: the real time of the entry and its notional."""

    def entered(self, order: Order, *, market_now: datetime, now_s: float) -> None:
        """An entry filled, or may have: it counts as open from now on, not only when its position is told."""
        symbol = order.signal.symbol
        self.remember(symbol, Entry(order.side, market_now))
        if symbol not in self.positions:
            self.untold[symbol] = (now_s, order.sizing.notional)

    def released(self, order: Order) -> None:
        """An entry that was counted has not become a position."""
        symbol = order.signal.symbol
        self.untold.pop(symbol, None)
        self.entries[symbol] = self.entries.get(symbol, ())[:-1]

    def remember(self, symbol: str, entry: Entry) -> None:
        """Count an entry for the cooldowns; one of an earlier life comes before those of this one."""
        self.entries[symbol] = (*self.entries.get(symbol, ()), entry)

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
            case SourceVerdict():
                self.verdicts[message.source] = (message, now_s)
            case Position() if message.quantity:
                self.positions[message.symbol] = message
                self.untold.pop(message.symbol, None)
            case Position():
                self.positions.pop(message.symbol, None)

    def missing(self) -> list[str]:
        """Names of what no entry can be judged without."""
        needed = {"universe": self.universe, "policy": self.policy, "account": self.account}
        return [name for name, value in needed.items() if value is None]

    def forget_entries(self, market_now: datetime) -> None:
        """Drop entries that no gate asks for any more."""
        kept = {
            symbol: tuple(entry for entry in entries if market_now - entry.at < DAY)
            for symbol, entries in self.entries.items()
        }
        self.entries = {symbol: entries for symbol, entries in kept.items() if entries}

    def open_notional(self) -> Decimal:
        """USDT of all positions and of entries whose position is not told yet."""
        held = sum((each.quantity * each.mark_price for each in self.positions.values()), Decimal(0))
        return sum((notional for _, notional in self.untold.values()), held)

    def world(
        self,
        signal: Signal,
        *,
        posture: str,
        kill: KillSwitch,
        market_now: datetime,
        now_s: float,
        budget: RiskBudget | None = None,
        advice: PortfolioAdvice | None = None,
    ) -> World:
        """The view in which one signal is judged."""
        self.advised = self.advised or advice is not None
        verdict, verdict_s = self.verdicts.get(signal.source, (None, now_s))
        self.untold = {symbol: entry for symbol, entry in self.untold.items() if now_s - entry[0] < UNTOLD_S}
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
            entries=self.entries.get(signal.symbol, ()),
            budget=budget,
            advice=advice,
            advised_before=self.advised,
            verdict=verdict,
            verdict_age_s=now_s - verdict_s,
            open_notional=self.open_notional(),
        )
