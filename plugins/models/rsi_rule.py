"""The RSI rule: long when oversold, short when overbought, neutral once the index has come back to the middle.

A rule, not a trained model, and never shown as one. Thresholds and confidence (0.55 plus a sixtieth of the distance
beyond the threshold, at most 0.65) are those of the fallback rule that it descends from.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from talipp.indicators import RSI

from plugins.domain import CONFIDENCE, Candle, Source, View
from plugins.models.settings import RsiRuleSettings

SCALE = CONFIDENCE[Source.RSI_RULE]
POINTS_PER_UNIT = 60.0
MIDDLE = 50.0
KEPT = 500
"""Values the indicator keeps; Wilder's average has long forgotten what is older."""

_FINEST = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the rule says of one closed candle. `rsi` is between 0 and 100."""

    view: View
    confidence: Decimal
    rsi: float


def opinion(rsi: float, held: View, settings: RsiRuleSettings) -> Opinion | None:
    """The view that an index value gives, None where it gives none.

    `held` is the view given last: it is taken back, as NEUTRAL and once, when the index crosses the middle.
    """
    if rsi < settings.oversold:
        return Opinion(View.LONG, confidence(settings.oversold - rsi), rsi)
    if rsi > settings.overbought:
        return Opinion(View.SHORT, confidence(rsi - settings.overbought), rsi)
    recovered = (held is View.LONG and rsi >= MIDDLE) or (held is View.SHORT and rsi <= MIDDLE)
    return Opinion(View.NEUTRAL, Decimal(0), rsi) if recovered else None


def confidence(beyond: float) -> Decimal:
    """The rule's confidence so many points beyond its threshold."""
    reached = float(SCALE.lowest) + beyond / POINTS_PER_UNIT
    return min(Decimal(reached).quantize(_FINEST), SCALE.highest)


class RsiRule:
    """The rule at work on one symbol: closed candles in, opinions out."""

    def __init__(self, settings: RsiRuleSettings) -> None:
        self.last: Candle | None = None
        self.held = View.NEUTRAL
        self.rsi: float | None = None
        self._settings = settings
        self._index = RSI(settings.period)
        self._unmoved = 0

    def add(self, candle: Candle) -> Opinion | None:
        """The opinion on the next closed candle; None where there is none, or nothing to have one on."""
        self._count_unmoved(candle)
        self.last = candle
        self._index.add(float(candle.close))
        if len(self._index) >= 2 * KEPT:
            self._index.purge_oldest(KEPT)
        value = self._index[-1]
        self.rsi = None if value is None or self._idle(candle) else float(value)
        said = None if self.rsi is None else opinion(self.rsi, self.held, self._settings)
        if said is not None:
            self.held = said.view
        return said

    def _count_unmoved(self, candle: Candle) -> None:
        moved = self.last is None or candle.close != self.last.close
        self._unmoved = 0 if moved else self._unmoved + 1

    def _idle(self, candle: Candle) -> bool:
        """Whether nobody traded, or the price has not moved for a whole period: the index would be a leftover."""
        return candle.volume == 0 or self._unmoved >= self._settings.period
