"""The market as a row of moments: everything that happens at one instant of market time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from plugins.paper_exchange.core.events import Event, SettleFunding, Trade
from plugins.paper_exchange.ledger.ledger import Cursor
from plugins.paper_exchange.market.source import Bar, MarketSource, Step
from plugins.paper_exchange.play.funding import Schedule


@dataclass(slots=True)
class Moment:
    """Funding is settled before the trades of the same instant. `closed` holds the bars that end here, if any can."""

    at_ms: int
    fundings: list[tuple[str, Decimal]] = field(default_factory=list)
    steps: list[tuple[Step, bool]] = field(default_factory=list)
    closed: Mapping[str, Bar] | None = None

    def events(self) -> list[Event]:
        settled: list[Event] = [SettleFunding(self.at_ms, symbol, rate) for symbol, rate in self.fundings]
        traded = [Trade(self.at_ms, step.symbol, step.price, step.quantity, jump) for step, jump in self.steps]
        return settled + traded


class Timeline:
    """Walks through a market, one moment at a time; where it stands is a `Cursor`, from which it can go on."""

    def __init__(self, source: MarketSource, schedule: Schedule, cursor: Cursor) -> None:
        self._source = source
        self._schedule = schedule
        self._bar_open_ms = cursor.bar_open_ms
        self._moments = self._moments_of(cursor.bar_open_ms)
        self._applied = cursor.applied
        self._market_ms = cursor.market_ms

    @property
    def cursor(self) -> Cursor:
        return Cursor(self._bar_open_ms, self._applied, self._market_ms)

    @property
    def bar_open_ms(self) -> int:
        """When the bar opened that is being played."""
        return self._bar_open_ms

    def played(self) -> Sequence[Moment]:
        """The moments of the current bar that lie behind."""
        return self._moments[: self._applied]

    def peek(self) -> Moment | None:
        """What comes next; None when the market has ended."""
        return self._moments[self._applied] if self._applied < len(self._moments) else None

    def advance(self, moment: Moment) -> None:
        """Step over the moment that `peek` gave."""
        self._applied += 1
        self._market_ms = max(self._market_ms, moment.at_ms)
        if moment.closed is not None:
            self._bar_open_ms += self._source.interval_ms
            self._applied = 0
            self._moments = self._moments_of(self._bar_open_ms)

    def reach(self, market_ms: int) -> None:
        """Note that market time has come this far without a moment: after a restart it never goes back."""
        self._market_ms = max(self._market_ms, market_ms)

    def _moments_of(self, open_ms: int) -> list[Moment]:
        bars = self._source.next_bars(open_ms)
        if bars is None:
            return []
        end_ms = open_ms + self._source.interval_ms
        at: defaultdict[int, Moment] = defaultdict(lambda: Moment(0))
        for symbol, bar in bars.items():
            for number, step in enumerate(self._source.path(bar, symbol)):
                at[step.at_ms].steps.append((step, number == 0))
            for settled_ms, rate in self._schedule.between(symbol, open_ms, end_ms):
                at[settled_ms].fundings.append((symbol, rate))
        at[end_ms].closed = bars
        for at_ms, moment in at.items():
            moment.at_ms = at_ms
        return [at[at_ms] for at_ms in sorted(at)]
