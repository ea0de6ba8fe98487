"""Whose signal is judged first when several compete for the same slots."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from plugins.domain import CONFIDENCE, Signal, Source

FALLBACK = frozenset({Source.RSI_RULE})
"""Sources that stand in for trained models: whatever those say comes first."""


def ranked(signals: Iterable[Signal]) -> list[Signal]:
    """Models before their fallback, then by how far up on its own source's scale a confidence is, then by id."""
    return sorted(signals, key=lambda signal: (signal.source in FALLBACK, -_height(signal), signal.id))


def _height(signal: Signal) -> Decimal:
    scale = CONFIDENCE[signal.source]
    return (signal.confidence - scale.lowest) / (scale.highest - scale.lowest)
