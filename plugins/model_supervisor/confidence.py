"""What confidences look like: inside their scale, alive, without a spike, and as often right as they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plugins.domain import CONFIDENCE, Source
from plugins.model_supervisor.blocks import enough, horizons, interval_of
from plugins.model_supervisor.rules import Judged, Rules, Said

BUCKET = 0.1
SURE = 0.99
"""That what was said and what came about differ: for all signals, or for those of one bucket."""
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Spread:
    """`outside` the source's scale; `distinct` share of unlike values; the most frequent value and its share."""

    n: int
    outside: int
    distinct: float
    mode: float
    mode_share: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Mean gap between confidence (buckets of a tenth) and how often what was said came about, in a share of `came`;
    `earned` is the share that earned anything.

    `buckets` hold mean confidence, share that came about, and number, from the least confident on. A gap is never
    below zero, so chance alone makes one: `proven` says that it is more than that.
    """

    n: int
    gap: float
    came: float
    earned: float
    confidence: float
    buckets: tuple[tuple[float, float, int], ...] = ()
    proven: bool = False


def spread_of(source: Source, signals: Sequence[Said]) -> Spread:
    """The distribution of one source's confidences."""
    scale = CONFIDENCE[source]
    low, high = float(scale.lowest) - TOLERANCE, float(scale.highest) + TOLERANCE
    values = [round(each.confidence, 6) for each in signals]
    if not values:
        return Spread(0, 0, 1.0, 0.0, 0.0)
    # A rule that is capped by its own scale says the cap often and means it; a model has no reason to.
    counted = [
        value for value in values if source is not Source.RSI_RULE or abs(value - float(scale.highest)) > TOLERANCE
    ]
    mode, times = Counter(counted or values).most_common(1)[0]
    outside = sum(1 for value in values if not low <= value <= high)
    return Spread(len(values), outside, len(set(values)) / len(values), mode, times / len(values))


def reliability_of(signals: Sequence[Judged], horizon_ms: int) -> Reliability:
    """Expected calibration error of one source, over signals with a known fate."""
    n = len(signals)
    if not n:
        return Reliability(0, 0.0, 0.0, 0.0, 0.0)
    buckets: dict[int, list[Judged]] = {}
    for each in signals:
        buckets.setdefault(int(each.said.confidence / BUCKET), []).append(each)
    gap = sum(abs(_said(group) - _came(group)) * len(group) for group in buckets.values()) / n
    curve = tuple((_said(group), _came(group), len(group)) for _, group in sorted(buckets.items()))
    proven = any(_differs(group, horizon_ms) for group in (signals, *buckets.values()))
    earned = sum(each.right for each in signals) / n
    return Reliability(n, gap, _came(signals), earned, _said(signals), curve, proven)


def complaint(spread: Spread, rules: Rules) -> str:
    """Why such confidences cannot be meant; empty when they can."""
    if spread.outside:
        return f"{spread.outside} of {spread.n} confidences are outside of the source's own scale"
    if spread.n < rules.least:
        return ""
    if spread.distinct < rules.distinct:
        return f"only {spread.distinct:.0%} of {spread.n} confidences differ: it is stuck"
    if spread.mode_share > rules.spike:
        return f"{spread.mode_share:.0%} of {spread.n} confidences are exactly {spread.mode:g}"
    return ""


def _differs(signals: Sequence[Judged], horizon_ms: int) -> bool:
    """Whether more or fewer came about than was said, beyond what a few stretches of one market bring about."""
    blocks = horizons(signals, horizon_ms)
    if not enough(blocks):
        return False
    low, high = interval_of(np.array([each.came_about - each.said.confidence for each in signals]), blocks, sure=SURE)
    return not low <= 0.0 <= high


def _said(signals: Sequence[Judged]) -> float:
    return sum(each.said.confidence for each in signals) / len(signals)


def _came(signals: Sequence[Judged]) -> float:
    return sum(each.came_about for each in signals) / len(signals)
