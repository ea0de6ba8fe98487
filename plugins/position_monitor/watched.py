"""One position as the monitor follows it, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from plugins.domain import Instrument, Mark, Position, Signal, StopState, TradingPolicy
from plugins.position_monitor.decisions import Sight, covered, fired


@dataclass(slots=True)
class Watched:
    """Since when (monotonic real seconds) it has been naked or its stop has fired, and what is being done."""

    position: Position
    seen_s: float
    naked_since_s: float | None = None
    fired_since_s: float | None = None
    refused: str | None = None
    take_profit_asked: bool = False
    signal: Signal | None = None
    acting: bool = False


@dataclass(slots=True)
class Watchlist:
    """Everything heard that concerns positions."""

    positions: dict[str, Watched] = field(default_factory=dict)
    stops: dict[str, StopState] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    policy: TradingPolicy | None = None

    def hear(self, message: object, *, now_s: float) -> str | None:
        """Take a message; returns the symbol whose position may need a new decision."""
        match message:
            case Position():
                return self._position(message, now_s)
            case StopState():
                self.stops[message.symbol] = message
                self._follow_stop(message.symbol, now_s)
                return message.symbol
            case Signal():
                return self._signal(message)
            case Mark():
                self.marks[message.symbol] = message
            case Instrument():
                self.instruments[message.symbol] = message
            case TradingPolicy():
                self.policy = message
        return None

    def sight(self, symbol: str, *, now_s: float, market_now: datetime | None) -> Sight | None:
        """What is to be judged; None for a symbol without a position."""
        watched = self.positions.get(symbol)
        if watched is None:
            return None
        self._follow_stop(symbol, now_s)
        return Sight(
            position=watched.position,
            opened_market_at=watched.position.opened_at,
            stop=self.stop_of(watched.position),
            naked_s=_since(watched.naked_since_s, now_s),
            fired_s=_since(watched.fired_since_s, now_s),
            refused=watched.refused,
            take_profit_asked=watched.take_profit_asked,
            signal=watched.signal,
            policy=self.policy.by_symbol.get(symbol) if self.policy else None,
            mark=self.marks.get(symbol),
            instrument=self.instruments.get(symbol),
            market_now=market_now,
        )

    def stop_of(self, position: Position) -> StopState | None:
        """The stop known for a position's symbol."""
        return self.stops.get(position.symbol)

    def naked(self, now_s: float) -> dict[str, float]:
        """Positions without a live stop, and for how many real seconds."""
        for symbol in self.positions:
            self._follow_stop(symbol, now_s)
        return {
            symbol: now_s - watched.naked_since_s
            for symbol, watched in self.positions.items()
            if watched.naked_since_s is not None
        }

    def _position(self, position: Position, now_s: float) -> str | None:
        if not position.quantity:
            self.positions.pop(position.symbol, None)
            self.stops.pop(position.symbol, None)
            return None
        before = self.positions.get(position.symbol)
        if before is not None and before.position.id == position.id:
            before.position = position
        else:
            self.positions[position.symbol] = Watched(position, now_s)
        self._follow_stop(position.symbol, now_s)
        return position.symbol

    def _signal(self, signal: Signal) -> str | None:
        watched = self.positions.get(signal.symbol)
        if watched is None or signal.market_at < watched.position.opened_at:
            return None
        watched.signal = signal
        return signal.symbol

    def _follow_stop(self, symbol: str, now_s: float) -> None:
        watched = self.positions.get(symbol)
        if watched is None:
            return
        stop = self.stops.get(symbol)
        if covered(stop):
            watched.naked_since_s = watched.fired_since_s = watched.refused = None
        elif fired(stop):
            watched.naked_since_s = None
            watched.fired_since_s = watched.fired_since_s or now_s
        else:
            watched.naked_since_s = watched.naked_since_s or now_s


def _since(moment_s: float | None, now_s: float) -> float | None:
    return None if moment_s is None else now_s - moment_s
