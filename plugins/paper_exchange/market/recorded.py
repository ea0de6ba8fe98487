"""A market made of recorded bars, whatever they were read from."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from plugins.paper_exchange.market.checks import utc_minute
from plugins.paper_exchange.market.funding import Settlements
from plugins.paper_exchange.market.path import intrabar_path
from plugins.paper_exchange.market.series import Series
from plugins.paper_exchange.market.source import HISTORY_BARS, Bar, MarketDataError, Step, SymbolRules

BASE_INTERVALS_MS: Final[Mapping[str, int]] = {"1m": 60_000, "5m": 300_000}
"""Base bars that can be played; within a longer bar too little is known of the order of prices."""


class RecordedMarket:
    """Plays recorded bars as they were; a symbol without recorded settlements pays no funding."""

    def __init__(
        self,
        title: str,
        series: Mapping[str, Series],
        rules: Mapping[str, SymbolRules],
        funding: Mapping[str, Settlements],
        left_out: Sequence[str] = (),
    ) -> None:
        """`series` share one interval; `title` names the source; `left_out` is told on screens."""
        self._series = dict(series)
        self._funding = dict(funding)
        self.rules: Mapping[str, SymbolRules] = {symbol: rules[symbol] for symbol in series}
        self.interval_ms = next(iter(series.values())).interval_ms
        self._end_ms = max(one.end_ms for one in series.values())
        self.start_ms = self._first_playable_ms(title)
        self.first_ms = self.start_ms - HISTORY_BARS * self.interval_ms
        self.description = self._describe(title, left_out)

    def _first_playable_ms(self, title: str) -> int:
        """The moment at which every symbol has its history."""
        latest = max(self._series, key=lambda symbol: self._series[symbol].first_ms)
        start_ms = self._series[latest].first_ms + HISTORY_BARS * self.interval_ms
        for symbol, one in self._series.items():
            if one.end_ms <= start_ms:
                raise MarketDataError(
                    f"{title}: {symbol} ends {utc_minute(one.end_ms)}, before the market can start at "
                    f"{utc_minute(start_ms)} ({HISTORY_BARS} bars after the first of {latest}); "
                    "give longer files, or name the symbols that belong together"
                )
        return start_ms

    def _describe(self, title: str, left_out: Sequence[str]) -> str:
        bar = f"{self.interval_ms // 60_000}m"
        told = f"{title}, {len(self._series)} symbols, {bar}, from {utc_minute(self.start_ms)}"
        return f"{told} (left out: {'; '.join(left_out)})" if left_out else told

    def history(self, symbol: str, before_ms: int, limit: int) -> Sequence[Bar]:
        """See MarketSource; raises KeyError for a symbol that is not in `rules`."""
        return self._series[symbol].before(before_ms, limit)

    def next_bars(self, open_ms: int) -> Mapping[str, Bar] | None:
        """See MarketSource."""
        if open_ms >= self._end_ms:
            return None
        found = ((symbol, one.at(open_ms)) for symbol, one in self._series.items())
        return {symbol: bar for symbol, bar in found if bar is not None}

    def path(self, bar: Bar, symbol: str) -> Sequence[Step]:
        """See MarketSource."""
        return intrabar_path(bar, symbol, self.interval_ms)

    def funding(self, symbol: str, from_ms: int, to_ms: int) -> Settlements:
        """See MarketSource."""
        known = self._funding.get(symbol, ())
        return known[bisect_left(known, (from_ms,)) : bisect_left(known, (to_ms,))]


def wanted(available: Sequence[str], symbols: Sequence[str] | None, where: str) -> list[str]:
    """The symbols to play, in the order asked for; raises MarketDataError for one that is not there."""
    if symbols is None:
        return list(available)
    for symbol in symbols:
        if symbol not in available:
            near = get_close_matches(symbol, available, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise MarketDataError(f"{where} has no symbol {symbol} (it has {', '.join(available)}){meant}")
    return list(dict.fromkeys(symbols))


def base_interval(available: Sequence[str], asked: str | None, where: str) -> str:
    """The interval to play: the one asked for, or the finest there is; raises MarketDataError without one."""
    if asked is not None and asked not in BASE_INTERVALS_MS:
        raise MarketDataError(f"interval {asked} cannot be played: use one of {', '.join(BASE_INTERVALS_MS)}")
    playable = [name for name in BASE_INTERVALS_MS if name in available]
    if asked is not None and asked not in playable:
        raise MarketDataError(f"{where} has no {asked} bars (it has {', '.join(sorted(set(available))) or 'none'})")
    if not playable:
        raise MarketDataError(f"{where} has no bars of {' or '.join(BASE_INTERVALS_MS)}; record or fetch such bars")
    return asked or playable[0]
