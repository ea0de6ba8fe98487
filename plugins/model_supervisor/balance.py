"""Whether a source leans to one side more than the market explains. A trend is no bias, nor is standing against it.

Of the moments at which a source spoke, the market would have paid longs in some share: that share, with what is not
known of it, is what an unbiased source may follow, or stand against. The number of longs is then beta-binomial. It may
as well heed no trend: then its number is binomial around a half. A source is biased when its own number is rare by all
three, and far beyond all three on the same side. Signals of one symbol within one horizon live through the same bars
and count as one: ten of them are no ten proofs. Nor are many symbols in one horizon, as far as they are alike there: so
many count as are worth as much as independent ones. Where hardly any view differs, the market says how alike they are;
where it hardly varies either, a horizon is one witness.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plugins.domain import View
from plugins.model_supervisor.blocks import enough, horizons, likeness, witnesses
from plugins.model_supervisor.rules import Judged, Rules

EVEN = 0.5
LEAST_HORIZONS = 16
"""With fewer it is not known well enough how alike the signals of one horizon are."""
HARDLY_ANY = 0.1
"""Of the views on the other side: so few tell nothing of how alike those of one horizon are."""


@dataclass(frozen=True, slots=True)
class Balance:
    """`longs` of `n` signals, worth `alone` independent ones, where the market paid longs in a share of `market`;
    `chance` of such a number, or a rarer one, without bias.
    """

    n: int
    alone: int
    longs: int
    market: float
    chance: float
    biased: bool

    @property
    def share(self) -> float:
        """Share of longs."""
        return self.longs / self.n if self.n else 0.5

    @property
    def sentence(self) -> str:
        """The figures as a person reads them."""
        return (
            f"{self.share:.0%} long of {self.n} (worth {self.alone} independent ones), "
            f"where the market paid longs {self.market:.0%}"
        )


def balance_of(signals: Sequence[Judged], rules: Rules) -> Balance:
    """The balance of one source."""
    from scipy.stats import betabinom, binom

    known = independent(signals, rules.horizon_ms)
    n = len(known)
    if not n:
        return Balance(0, 0, 0, 0.5, 1.0, biased=False)
    longs = np.array([each.said.view is View.LONG for each in known], dtype=np.float64)
    paid = np.array([each.net_long > each.net_short for each in known], dtype=np.float64)
    share, market = float(longs.mean()), float(paid.mean())
    blocks = horizons(known, rules.horizon_ms)
    varied = next((values for values in (longs, paid) if HARDLY_ANY <= values.mean() <= 1 - HARDLY_ANY), None)
    alone = witnesses(1.0 if varied is None else likeness(varied, blocks), blocks)
    counted, payable = round(share * alone), round(market * alone)
    follows = betabinom(alone, payable + 1, alone - payable + 1)
    opposes = betabinom(alone, alone - payable + 1, payable + 1)
    chance = max(_chance(spread, counted) for spread in (follows, opposes, binom(alone, EVEN)))
    beyond = abs(share - EVEN) - abs(market - EVEN)
    rare = chance < rules.balance_chance and enough(blocks, LEAST_HORIZONS)
    return Balance(n, alone, int(longs.sum()), market, chance, biased=beyond > rules.balance_margin and rare)


def _chance(spread: Any, longs: int) -> float:
    """Of so many longs, or a rarer number on either side; `spread` is a frozen distribution of scipy's."""
    return min(1.0, 2.0 * min(float(spread.cdf(longs)), float(spread.sf(longs - 1))))


def independent(signals: Iterable[Judged], horizon_ms: int) -> list[Judged]:
    """The first signal of each symbol in each horizon, in order of time."""
    last: dict[str, int] = {}
    kept = []
    for each in sorted(signals, key=lambda one: one.said.at_ms):
        if each.said.at_ms - last.get(each.said.symbol, -horizon_ms) >= horizon_ms:
            last[each.said.symbol] = each.said.at_ms
            kept.append(each)
    return kept
