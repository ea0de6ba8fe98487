"""Whether the chain of thresholds can be satisfied at all: a gate that no signal can pass is found before the start."""

from __future__ import annotations

from plugins.domain import CONFIDENCE, Regime, Volatility
from plugins.policy.settings import PolicySettings
from plugins.policy.tables import allows_entries, minimum_confidence


def dead_zones(settings: PolicySettings) -> list[str]:
    """Regimes and volatilities that allow entries but ask for more confidence than an enabled source can have."""
    return [
        f"{source} reaches at most {CONFIDENCE[source].highest}, {regime}/{volatility} asks for {needed}"
        for source in settings.sources
        for regime in Regime
        for volatility in Volatility
        if allows_entries(regime, volatility)
        and (needed := minimum_confidence(regime, volatility, settings.confidence)) > CONFIDENCE[source].highest
    ]
