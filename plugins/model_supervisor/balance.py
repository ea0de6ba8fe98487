"""Whether a source leans to one side more than the market explains. A trend is no bias, nor is standing against it.

Of the moments at which a source spoke, the market would have paid longs in some share: that share, with what is not
known of it, is what an unbiased source may follow. The number of longs is then beta-binomial. It may as well heed no
trend: then its number is binomial around a half. A source is biased when its own number is rare by both, and far
beyond both on the same side. Signals of one symbol within one horizon live through the same bars and
count as one: ten of them are no ten proofs. Nor do many symbols in few horizons prove anything: they move together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from plugins.domain import View
from plugins.model_supervisor.blocks import enough, horizons
from plugins.model_supervisor.rules import Judged, Rules

EVEN = 0.5


@dataclass(frozen=True, slots=True)
class Balance:
    """`longs` of `n` independent signals, where the market paid longs in a share of `market`; `chance` of such a
    number, or a rarer one, without bias.
    """

    n: int
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
        return f"{self.share:.0%} long of {self.n}, where the market paid longs {self.market:.0%}"


def balance_of(signals: Sequence[Judged], rules: Rules) -> Balance:
    """The balance of one source."""
    from scipy.stats import betabinom, binom

    alone = independent(signals, rules.horizon_ms)
    n = len(alone)
    longs = sum(1 for each in alone if each.said.view is View.LONG)
    paid = sum(1 for each in alone if each.net_long > each.net_short)
    if not n:
        return Balance(0, 0, 0.5, 1.0, biased=False)
    share, market = longs / n, paid / n
    chance = max(_chance(spread, longs) for spread in (betabinom(n, paid + 1, n - paid + 1), binom(n, EVEN)))
    beyond = max(min(EVEN, market) - share, share - max(EVEN, market))
    rare = chance < rules.balance_chance and enough(horizons(alone, rules.horizon_ms))
    return Balance(n, longs, market, chance, biased=beyond > rules.balance_margin and rare)


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
