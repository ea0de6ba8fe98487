"""The market that needs neither a recording nor a network: the same seed plays the same prices on any machine."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from plugins.paper_exchange.market import measured
from plugins.paper_exchange.market.draws import NORMAL_WORDS, Stream, normal, words
from plugins.paper_exchange.market.funding import Settlements
from plugins.paper_exchange.market.path import intrabar_path
from plugins.paper_exchange.market.recorded import wanted
from plugins.paper_exchange.market.rules import KNOWN_RULES
from plugins.paper_exchange.market.series import Integers
from plugins.paper_exchange.market.simulation import DAY_BARS, State, bars_of, first_state, moves_of
from plugins.paper_exchange.market.source import Bar, MarketDataError, Step, SymbolRules

_FIRST_MS: Final = 1_735_689_600_000  # 2025-01-01 00:00 UTC
_MINUTE_MS: Final = 60_000
_DAYS_KEPT: Final = 16
_FUNDING_MS: Final = 8 * 3_600_000
_FUNDINGS_A_PERIOD: Final[Mapping[str, int]] = {"SUIUSDT": 2}
"""Symbols whose funding is settled more often than every eight hours, as many are on the venue (SUIUSDT: four)."""
_FUNDING_WORDS: Final = (1 + len(measured.SYMBOLS), NORMAL_WORDS)


PAST_DAYS = 7
"""History before the market begins to be played: a week of minutes is what models begin to learn from."""


@dataclass(frozen=True, slots=True)
class _Day:
    prices: Integers
    volumes: Integers


class SimulatedMarket:
    """Minutes without end for the symbols of `measured.SYMBOLS`; any moment can be asked for in any order.

    A moment far ahead costs about 3 ms for each market day since the farthest one asked for so far.
    """

    interval_ms = _MINUTE_MS
    first_ms = _FIRST_MS
    start_ms = _FIRST_MS + PAST_DAYS * DAY_BARS * _MINUTE_MS

    def __init__(self, seed: int, symbols: Sequence[str] | None = None) -> None:
        """Leaving symbols out does not change the others. Raises MarketDataError for a symbol that is not there."""
        if not 0 <= seed < 2**64:
            raise MarketDataError(f"seed {seed} is out of range: use a whole number from 0 to 2^64 − 1")
        known = [one.symbol for one in measured.SYMBOLS]
        chosen = wanted(known, symbols, "the simulated market")
        self.rules: Mapping[str, SymbolRules] = {symbol: KNOWN_RULES[symbol] for symbol in chosen}
        self.description = f"simulated market, seed {seed}, {len(chosen)} symbols, 1m"
        self._column = {symbol: known.index(symbol) for symbol in chosen}
        self._seed = seed
        self._states: list[State] = [first_state(seed)]
        self._days: OrderedDict[int, _Day] = OrderedDict()

    def history(self, symbol: str, before_ms: int, limit: int) -> Sequence[Bar]:
        """See MarketSource; raises KeyError for a symbol that is not in `rules`."""
        column = self._column[symbol]
        end = max(-((_FIRST_MS - before_ms) // _MINUTE_MS), 0)
        return [self._bar(symbol, column, minute) for minute in range(max(end - limit, 0), end)]

    def next_bars(self, open_ms: int) -> Mapping[str, Bar] | None:
        """See MarketSource; this market never ends."""
        minute, off_grid = divmod(open_ms - _FIRST_MS, _MINUTE_MS)
        if off_grid or minute < 0:
            return {}
        return {symbol: self._bar(symbol, column, minute) for symbol, column in self._column.items()}

    def path(self, bar: Bar, symbol: str) -> Sequence[Step]:
        """See MarketSource."""
        return intrabar_path(bar, symbol, _MINUTE_MS)

    def funding(self, symbol: str, from_ms: int, to_ms: int) -> Settlements:
        """See MarketSource: a settlement each eight hours, or its parts where there are more."""
        parts = _FUNDINGS_A_PERIOD.get(symbol, 1)
        interval_ms = _FUNDING_MS // parts
        first, last = max(-(-from_ms // interval_ms), 0), -(-to_ms // interval_ms)
        column = 1 + self._column[symbol]
        return [(number * interval_ms, self._rate(column, number // parts) / parts) for number in range(first, last)]

    def _rate(self, column: int, number: int) -> Decimal:
        """A moving average of the last settlements' noise, part shared and part own, under the venue's ceiling."""
        noise = 0.0
        for age, weight in enumerate(measured.FUNDING_MEMORY):
            both = normal(words(self._seed, Stream.FUNDING, number - age, *_FUNDING_WORDS))
            noise += weight * float(measured.FUNDING_SHARED * both[0] + measured.FUNDING_OWN * both[column])
        rate = min(measured.FUNDING_MEAN + measured.FUNDING_SIGMA * noise, measured.FUNDING_CEILING)
        return round(rate * 1e8) * Decimal("1E-8")

    def _bar(self, symbol: str, column: int, minute: int) -> Bar:
        number, row = divmod(minute, DAY_BARS)
        day = self._day(number)
        rules = self.rules[symbol]
        opened, high, low, close = day.prices[row, column].tolist()
        return Bar(
            open_ms=_FIRST_MS + minute * _MINUTE_MS,
            open=opened * rules.tick_size,
            high=high * rules.tick_size,
            low=low * rules.tick_size,
            close=close * rules.tick_size,
            volume=int(day.volumes[row, column]) * rules.step_size,
        )

    def _day(self, number: int) -> _Day:
        found = self._days.get(number)
        if found is None:
            found = self._days[number] = self._made(number)
            if len(self._days) > _DAYS_KEPT:
                self._days.popitem(last=False)
        return found

    def _made(self, number: int) -> _Day:
        for day in range(len(self._states) - 1, number):
            self._states.append(moves_of(self._seed, day, self._states[day]).after)
        moves = moves_of(self._seed, number, self._states[number])
        if number == len(self._states) - 1:
            self._states.append(moves.after)
        return _Day(*bars_of(self._seed, number, moves))
