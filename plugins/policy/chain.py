"""Whether the chain of thresholds can be satisfied at all: a gate that no signal can pass is found before the start.

The original ran for days with a fallback of at most 0.65, a threshold of 0.64, and a filter that dropped the
fallback's signals altogether: every part was healthy and nothing could ever trade.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from plugins.domain import CONFIDENCE, Regime, Source, Volatility
from plugins.policy.confidence import ConfidenceSettings
from plugins.policy.tables import allows_entries, minimum_confidence


def dead_zones(sources: Sequence[Source], observed: Sequence[Source], confidence: ConfidenceSettings) -> list[str]:
    """Each source whose signals can never be traded, or not in some market that allows entries, and why."""
    zones = [zone for source in Source for zone in _of(source, sources, observed, confidence)]
    return zones if sources else [*zones, "no source is traded at all"]


def _of(
    source: Source, sources: Sequence[Source], observed: Sequence[Source], confidence: ConfidenceSettings
) -> Iterator[str]:
    scale, asked = CONFIDENCE[source], _asked(confidence)
    if source in sources and source in observed:
        yield f"{source} stands both in sources (traded) and in observed (never traded)"
    elif source in sources:
        yield from _never_passing(source, asked, confidence)
    elif source not in observed:
        least = confidence.least
        window = "none of it" if scale.highest < least else f"only {max(scale.lowest, least)} to {scale.highest}"
        yield (
            f"{source} makes signals of {scale.lowest} to {scale.highest}; the table asks for {confidence.trending} "
            f"in a trend and the threshold for {least}, so {window} would pass, and the source filter drops that "
            "as well: sources leaves it out"
        )


def _never_passing(
    source: Source, asked: dict[tuple[Regime, Volatility], Decimal], confidence: ConfidenceSettings
) -> Iterator[str]:
    highest = CONFIDENCE[source].highest
    if confidence.least > highest:
        yield f"{source} reaches at most {highest}, the threshold (confidence.least) asks for {confidence.least}"
        return
    for (regime, volatility), needed in asked.items():
        if needed > highest:
            yield f"{source} reaches at most {highest}, {regime}/{volatility} asks for {needed}"


def _asked(confidence: ConfidenceSettings) -> dict[tuple[Regime, Volatility], Decimal]:
    """What the table asks for wherever entries are allowed, before the threshold."""
    return {
        (regime, volatility): minimum_confidence(regime, volatility, confidence)
        for regime in Regime
        for volatility in Volatility
        if allows_entries(regime, volatility)
    }
