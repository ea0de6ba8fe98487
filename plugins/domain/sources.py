"""What the confidence of each source can be, so that thresholds can be checked against it before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from plugins.domain.words import Source


@dataclass(frozen=True, slots=True)
class ConfidenceScale:
    """The confidence that a source gives to its weakest and its strongest view."""

    lowest: Decimal
    highest: Decimal


CONFIDENCE: Mapping[Source, ConfidenceScale] = MappingProxyType(
    {
        Source.RSI_RULE: ConfidenceScale(Decimal("0.55"), Decimal("0.65")),
        Source.ENSEMBLE: ConfidenceScale(Decimal("0.34"), Decimal("0.95")),
    }
)
"""A rule's scale is its own: 0.65 of the RSI rule is not 0.65 of a calibrated model.

The ensemble's is the calibrated probability of its direction among three (down, flat, up), so a third is the least
that can win; nothing calibrated on candles is surer than 0.95.
"""
