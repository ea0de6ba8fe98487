"""What the members judge and the trees' judging, all in one worker thread: features in, ballots out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from plugins.domain import Candle, MemberName, Standing
from plugins.learning.artefacts import ArtefactStore
from plugins.learning.artefacts.champions import Champions
from plugins.learning.ensemble import Ballot
from plugins.learning.features import FeatureEngine, FeatureRows
from plugins.learning.members import NETS, TREES, missing_library
from plugins.learning.members.nets.channels import WINDOW

Settled = tuple[int, str, float]
"""When (market ms), of which symbol, and at which rate."""


class Bench:
    """Blocking, and for one thread at a time."""

    def __init__(self, home: Path) -> None:
        self.store = ArtefactStore(home)
        self.champions = Champions(self.store, TREES)
        self.nets = {name: Ballot(name, Standing.LATE, reason="not looked at yet") for name in NETS}
        """Nets that nobody need be asked about, and why."""
        self._engine: FeatureEngine | None = None
        self._settled_ms: dict[str, int] = {}

    @property
    def symbols(self) -> frozenset[str]:
        """Those that bars are kept of."""
        return frozenset(self._engine.symbols if self._engine is not None else ())

    @property
    def trained(self) -> bool:
        """Whether anybody can be asked at all."""
        return bool(self.champions.voting) or len(self.nets) < len(NETS)

    def refresh(self) -> list[MemberName]:
        """Look for other champions; says whose was changed."""
        self.nets = {name: ballot for name in NETS if (ballot := self._absent(name)) is not None}
        return self.champions.refresh()

    def hear(self, candles: Sequence[Candle]) -> None:
        """Closed candles of any symbols, in any order."""
        for candle in candles:
            if self._engine is None:
                self._engine = FeatureEngine(candle.interval_s, longest=WINDOW)
            self._engine.add(candle)

    def settle(self, settled: Iterable[Settled]) -> int:
        """Funding that was settled, oldest first; what is known already, or of unknown symbols, is passed over.

        Says how many were news.
        """
        if self._engine is None:
            return 0
        known, news = self.symbols, 0
        for at_ms, symbol, rate in settled:
            if symbol in known and at_ms > self._settled_ms.get(symbol, 0):
                self._engine.settle(symbol, rate, at_ms)
                self._settled_ms[symbol] = at_ms
                news += 1
        return news

    def rows(self, symbols: Sequence[str]) -> FeatureRows:
        """Features of the newest close, with the history that nets look at."""
        assert self._engine is not None, "no candle has been heard"  # noqa: S101
        return self._engine.rows(symbols, length=WINDOW)

    def ballots(self, rows: FeatureRows) -> list[Ballot]:
        """The trees'."""
        return [self.champions.ballot(name, rows) for name in self.champions.seats]

    def _absent(self, name: MemberName) -> Ballot | None:
        if (library := missing_library(name)) is not None:
            return Ballot(name, Standing.NOT_INSTALLED, reason=f"{library} is not installed")
        if self.store.pointers(name).champion is None:
            return Ballot(name, Standing.NOT_TRAINED, reason="no training has ended yet")
        return None
