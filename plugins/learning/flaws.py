"""What may be wrong with recorded bars, found by looking at nothing but the bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plugins.learning.features import History
from plugins.learning.rows import Flags, Ints


@dataclass(frozen=True, slots=True)
class Flaws:
    """Of one symbol. `gaps` and `silences` are (first missing or silent bar's open in ms, how many bars)."""

    bars: int
    first_ms: int | None
    last_ms: int | None
    gaps: tuple[tuple[int, int], ...]
    repeated: int
    disordered: int
    off_grid: int
    impossible: int
    silences: tuple[tuple[int, int], ...]

    @property
    def missing(self) -> int:
        """Bars that should be there and are not."""
        return sum(count for _, count in self.gaps)

    @property
    def broken(self) -> bool:
        """Whether the bars cannot be used as they are; gaps and silences can."""
        return bool(self.repeated or self.disordered or self.off_grid or self.impossible)


def flaws_of(history: History, interval_s: int) -> Flaws:
    """Gaps, repeated and disordered bars, bars off the grid, impossible prices, runs of bars without volume."""
    opened, step = history.opened_ms, interval_s * 1000
    moves = np.diff(opened)
    missing = moves // step - 1
    at = np.flatnonzero(missing > 0)
    return Flaws(
        bars=len(opened),
        first_ms=int(opened[0]) if len(opened) else None,
        last_ms=int(opened[-1]) if len(opened) else None,
        gaps=tuple((int(opened[i]) + step, int(missing[i])) for i in at),
        repeated=int((moves == 0).sum()),
        disordered=int((moves < 0).sum()),
        off_grid=int((opened % step != 0).sum()),
        impossible=int(impossible(history).sum()),
        silences=_runs(opened, np.asarray(history.columns["volume"] == 0.0)),
    )


def impossible(history: History) -> Flags:
    """Bars whose prices are not finite and above zero, whose range does not hold them, or whose volume is negative."""
    open_, high, low, close, volume = (history.columns[name] for name in ("open", "high", "low", "close", "volume"))
    prices = np.stack([open_, high, low, close])
    good = np.isfinite(prices).all(axis=0) & (low > 0.0) & np.isfinite(volume) & (volume >= 0.0)
    good &= (high >= np.maximum(open_, close)) & (low <= np.minimum(open_, close))
    return np.asarray(~good)


def _runs(opened: Ints, silent: Flags) -> tuple[tuple[int, int], ...]:
    edges = np.diff(np.concatenate([[0], silent.astype(np.int8), [0]]))
    begin, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return tuple((int(opened[i]), int(j - i)) for i, j in zip(begin, end, strict=True))
