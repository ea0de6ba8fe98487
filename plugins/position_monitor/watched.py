"""One position as the monitor follows it, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from plugins.domain import (
    Account,
    Instrument,
    Mark,
    PortfolioAdvice,
    Position,
    Reduction,
    Signal,
    StopState,
    TradingPolicy,
    View,
)
from plugins.position_monitor.memory import First
from plugins.position_monitor.sight import SIDES, Sight, covered, fired

REDUCED_AGAIN_S = 60.0
"""Real seconds between two reductions of one position for the book's sake: the balancer must see the first."""


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
    view: Signal | None = None
    neutrals: int = 0
    reduced_s: float | None = None
    shaped_for: Decimal | None = None
    decided: str = ""
    acting: bool = False
    considered_s: float | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """When a sight is taken: real seconds, market time (None while unknown), and what the balancer says now."""

    now_s: float
    market_now: datetime | None
    funding_lead: timedelta = timedelta(minutes=1)
    advice: PortfolioAdvice | None = None


@dataclass(slots=True)
class Watchlist:
    """Everything heard that concerns positions."""

    positions: dict[str, Watched] = field(default_factory=dict)
    stops: dict[str, StopState] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    policy: TradingPolicy | None = None
    account: Account | None = None
    first: dict[str, First] = field(default_factory=dict)
    """By position id what it was when first seen."""
    differs_since_s: float | None = None
    """Since when the account has held another number of positions than is followed here."""

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
            case Account():
                self.account = message
                self.compare(now_s)
        return None

    def sight(self, symbol: str, moment: Moment) -> Sight | None:
        """What is to be judged; None for a symbol without a position."""
        watched = self.positions.get(symbol)
        if watched is None:
            return None
        self._follow_stop(symbol, moment.now_s)
        watched.considered_s = moment.now_s
        first = self.first.get(watched.position.id)
        return Sight(
            position=watched.position,
            opened_market_at=watched.position.opened_at,
            stop=self.stops.get(symbol),
            naked_s=_since(watched.naked_since_s, moment.now_s),
            fired_s=_since(watched.fired_since_s, moment.now_s),
            refused=watched.refused,
            take_profit_asked=watched.take_profit_asked,
            signal=watched.signal,
            policy=self.policy.by_symbol.get(symbol) if self.policy else None,
            mark=self.marks.get(symbol),
            instrument=self.instruments.get(symbol),
            market_now=moment.market_now,
            view=watched.view,
            entered=first.entered if first else None,
            risk=first.risk if first else None,
            neutrals=watched.neutrals,
            reduction=_reduction(watched, moment),
            shaped_for=watched.shaped_for,
            funding_lead=moment.funding_lead,
        )

    def naked(self, now_s: float) -> dict[str, float]:
        """Positions without a live stop, and for how many real seconds."""
        for symbol in self.positions:
            self._follow_stop(symbol, now_s)
        return {
            symbol: now_s - watched.naked_since_s
            for symbol, watched in self.positions.items()
            if watched.naked_since_s is not None
        }

    def compare(self, now_s: float) -> None:
        """Note since when the account's number of positions is not the number followed."""
        if self.account is None or self.account.positions == len(self.positions):
            self.differs_since_s = None
        elif self.differs_since_s is None:
            self.differs_since_s = now_s

    def _position(self, position: Position, now_s: float) -> str | None:
        if not position.quantity:
            self.positions.pop(position.symbol, None)
            self.stops.pop(position.symbol, None)
            self.first.pop(position.id, None)
            self.compare(now_s)
            return None
        before = self.positions.get(position.symbol)
        if before is not None and before.position.id == position.id:
            before.position = position
        else:
            self.positions[position.symbol] = Watched(position, now_s)
        first = self.first.get(position.id)
        if first is None or first.entered < position.quantity:
            self.first[position.id] = First(position.quantity, first.risk if first else None)
        self._follow_stop(position.symbol, now_s)
        self.compare(now_s)
        return position.symbol

    def _signal(self, signal: Signal) -> str | None:
        watched = self.positions.get(signal.symbol)
        if watched is None or signal.market_at < watched.position.opened_at:
            return None
        watched.signal = watched.view = signal
        if signal.view is View.NEUTRAL:
            watched.neutrals += 1
        elif SIDES[signal.view] is watched.position.side:
            watched.neutrals = 0
        return signal.symbol

    def _follow_stop(self, symbol: str, now_s: float) -> None:
        watched = self.positions.get(symbol)
        if watched is None:
            return
        stop = self.stops.get(symbol)
        if covered(stop):
            watched.naked_since_s = watched.fired_since_s = watched.refused = None
            self._note_risk(watched.position, stop)
        elif fired(stop):
            watched.naked_since_s = None
            watched.fired_since_s = watched.fired_since_s or now_s
        else:
            watched.naked_since_s = watched.naked_since_s or now_s

    def _note_risk(self, position: Position, stop: StopState | None) -> None:
        """The distance of the first live stop is what the position risks, however near later ones come."""
        first = self.first.get(position.id)
        if first is None or first.risk is not None or stop is None:
            return
        distance = (position.entry_price - stop.trigger) * position.side.sign
        if distance > 0:
            self.first[position.id] = replace(first, risk=distance)


def _reduction(watched: Watched, moment: Moment) -> Reduction | None:
    advice = moment.advice
    again = watched.reduced_s is None or moment.now_s - watched.reduced_s >= REDUCED_AGAIN_S
    if advice is None or not advice.enforced or not again:
        return None
    symbol = watched.position.symbol
    return next((each for each in advice.reductions if each.symbol == symbol and each.share > 0), None)


def _since(moment_s: float | None, now_s: float) -> float | None:
    return None if moment_s is None else now_s - moment_s
