"""Everything heard that concerns winning positions, and the best price of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from plugins.domain import Account, Instrument, Mark, Position, StopState, TradingPolicy
from plugins.trailing_stop.stages import Sight, best_of


@dataclass(slots=True)
class Followed:
    """What is known by symbol; `best` is by position id, so that a new position begins anew."""

    account: Account | None = None
    positions: dict[str, Position] = field(default_factory=dict)
    stops: dict[str, StopState] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    marks_s: dict[str, float] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    policy: TradingPolicy | None = None
    best: dict[str, Decimal] = field(default_factory=dict)

    def hear(self, message: object, now_s: float) -> None:
        """Take a message of any topic that the plugin reads."""
        match message:
            case Mark():
                self.marks[message.symbol], self.marks_s[message.symbol] = message, now_s
                if (position := self.positions.get(message.symbol)) is not None:
                    self.best[position.id] = best_of(position, self.best.get(position.id), message.price)
            case Position() if message.quantity:
                self.positions[message.symbol] = message
                self.best[message.id] = best_of(message, self.best.get(message.id), message.mark_price)
            case Position():
                self.positions.pop(message.symbol, None)
                self.stops.pop(message.symbol, None)
                self.best.pop(message.id, None)
            case StopState():
                self.stops[message.symbol] = message
            case Instrument():
                self.instruments[message.symbol] = message
            case TradingPolicy():
                self.policy = message
            case Account():
                self.account = message

    def sights(self, now_s: float, mark_age_s: float) -> Iterator[Sight]:
        """Positions whose price and rules are known; an old price moves no stop."""
        for symbol, position in self.positions.items():
            mark, instrument = self.marks.get(symbol), self.instruments.get(symbol)
            if mark is None or instrument is None or symbol in self.blind(now_s, mark_age_s):
                continue
            best = self.best.get(position.id, position.entry_price)
            yield Sight(position, best, self.stops.get(symbol), mark, instrument, self._stop_distance(symbol))

    def blind(self, now_s: float, mark_age_s: float) -> list[str]:
        """Symbols of positions without a fresh mark price."""
        never = float("-inf")
        return [symbol for symbol in self.positions if now_s - self.marks_s.get(symbol, never) > mark_age_s]

    def _stop_distance(self, symbol: str) -> Decimal | None:
        policy = self.policy.by_symbol.get(symbol) if self.policy else None
        distance = policy.atr * policy.stop_atr if policy else Decimal(0)
        return distance or None
