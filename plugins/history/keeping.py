"""Bringing one symbol's file up to date, and what is known of it afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np

from plugins.history.source import HistoryRefused, Source
from plugins.learning.archive import INTERVAL_S, Archive, DamagedHistory, joined, tail, told, with_funding
from plugins.learning.features import History
from plugins.learning.flaws import Flaws, flaws_of, impossible

OVERLAP = 2
"""Bars asked for again, so that a venue that tells another story is noticed."""


class AnotherStory(DamagedHistory):
    """What is stored and what the venue says now are not of the same market."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a symbol's file. `closed_ms` is when its newest bar closed; `trouble` why it is not better."""

    bars: int = 0
    first_ms: int | None = None
    closed_ms: int | None = None
    missing: int = 0
    settlements: int = 0
    damaged: bool = False
    trouble: str = ""


class Keeper:
    """One archive and the source that fills it."""

    def __init__(self, archive: Archive, source: Source, interval: str, bars: int) -> None:
        self._archive = archive
        self._source = source
        self.interval = interval
        self._step_ms = INTERVAL_S[interval] * 1000
        self._bars = bars

    async def refresh(self, symbol: str, before_ms: int) -> Kept:
        """Fetch what closed by `before_ms` and is not stored. Raises nothing: what failed is said in the answer."""
        try:
            stored = await asyncio.to_thread(self._archive.read, symbol, self.interval)
        except DamagedHistory as error:
            return Kept(damaged=True, trouble=str(error))
        try:
            whole = await self._more(symbol, stored, before_ms)
        except HistoryRefused as error:
            return kept(stored, self._step_ms, trouble=str(error))
        except AnotherStory as error:
            return kept(stored, self._step_ms, trouble=str(error), damaged=True)
        if whole is not stored:
            await asyncio.to_thread(self._archive.write, symbol, self.interval, whole)
        return kept(whole, self._step_ms)

    async def stored(self, symbol: str) -> Kept:
        """What is on disk, without asking the venue."""
        try:
            found = await asyncio.to_thread(self._archive.read, symbol, self.interval)
        except DamagedHistory as error:
            return Kept(damaged=True, trouble=str(error))
        return kept(found, self._step_ms)

    async def _more(self, symbol: str, stored: History, before_ms: int) -> History:
        # The newest bar is left for later: the venue may not have closed it when it is asked.
        end_ms = before_ms // self._step_ms * self._step_ms - self._step_ms
        first_ms = self._first_wanted(stored, end_ms)
        if end_ms <= first_ms:
            return stored
        fresh = await self._source.bars(symbol, self.interval, self._step_ms // 1000, first_ms, end_ms)
        fresh = _closed(fresh, end_ms - self._step_ms)
        if impossible(fresh).any():
            raise HistoryRefused(f"the venue's klines of {symbol} hold bars that cannot be; nothing was stored")
        if not len(fresh.opened_ms):
            return stored
        whole, differing = joined(stored, fresh)
        if differing:
            raise AnotherStory(
                f"{differing} stored bars of {symbol} differ from what the venue says of the same minutes; "
                "the history is of another market and is set aside"
            )
        funded_ms, rate = await self._source.funding(symbol, int(fresh.opened_ms[0]), end_ms)
        whole = with_funding(
            whole, np.concatenate([whole.funding_ms, funded_ms]), np.concatenate([whole.funding_rate, rate])
        )
        return tail(whole, self._bars)

    def _first_wanted(self, stored: History, end_ms: int) -> int:
        """The first bar to ask for: behind what is stored, or as far back as bars are wanted."""
        if not len(stored.opened_ms):
            return max(0, end_ms - self._bars * self._step_ms)
        return int(stored.opened_ms[-1]) - (OVERLAP - 1) * self._step_ms


def kept(history: History, step_ms: int, *, trouble: str = "", damaged: bool = False) -> Kept:
    """What is known of a history."""
    flaws = flaws_of(history, step_ms // 1000)
    return Kept(
        bars=flaws.bars,
        first_ms=flaws.first_ms,
        closed_ms=None if flaws.last_ms is None else flaws.last_ms + step_ms,
        missing=flaws.missing,
        settlements=len(history.funding_ms),
        damaged=damaged,
        trouble=trouble,
    )


def flaws_document(flaws: Flaws) -> dict[str, object]:
    """Flaws as plain data, the longest gaps and silences first."""
    return {
        "bars": flaws.bars,
        "first_ms": flaws.first_ms,
        "last_ms": flaws.last_ms,
        "missing": flaws.missing,
        "gaps": [list(gap) for gap in sorted(flaws.gaps, key=lambda gap: -gap[1])[:10]],
        "silences": [list(run) for run in sorted(flaws.silences, key=lambda run: -run[1])[:10]],
        "repeated": flaws.repeated,
        "disordered": flaws.disordered,
        "off_grid": flaws.off_grid,
        "impossible": flaws.impossible,
        "usable": not flaws.broken,
        "says": told(flaws) or "usable",
    }


def _closed(history: History, last_open_ms: int) -> History:
    """Without a bar that is still forming."""
    count = int(np.searchsorted(history.opened_ms, last_open_ms, side="right"))
    columns = {name: series[:count] for name, series in history.columns.items()}
    return History(history.opened_ms[:count], columns, history.funding_ms, history.funding_rate)
