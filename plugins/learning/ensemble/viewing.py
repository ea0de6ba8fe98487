"""From three probabilities to a view and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plugins.domain import CONFIDENCE, Source, View
from plugins.learning.classes import Direction, view_of

SCALE = CONFIDENCE[Source.ENSEMBLE]
_FINEST = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class ViewRules:
    """A direction is a view when it is at least `least` likely and by `margin` likelier than the opposite one.

    It need not be likelier than FLAT: a trade cut short by time costs little, one that goes wrong costs its stop.
    """

    least: float = 0.38
    margin: float = 0.08


def view_of_probabilities(said: tuple[float, float, float], rules: ViewRules) -> tuple[View, Decimal]:
    """The view, and the calibrated probability of its direction as confidence; NEUTRAL has none."""
    down, _, up = said
    direction, likely, other = (Direction.UP, up, down) if up >= down else (Direction.DOWN, down, up)
    if likely < rules.least or likely - other < rules.margin:
        return View.NEUTRAL, Decimal(0)
    confidence = min(max(Decimal(likely).quantize(_FINEST), SCALE.lowest), SCALE.highest)
    return view_of(direction), confidence
