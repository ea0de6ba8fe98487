"""Which tier a symbol belongs to; pure, and slow to take away what a symbol has."""

from __future__ import annotations

from plugins.domain import Grade, Tier
from plugins.universe.measures import Measures, missed
from plugins.universe.settings import UniverseSettings


def graded(measures: Measures, settings: UniverseSettings, before: Tier | None) -> Grade:
    """The best tier whose bounds are met; those of a tier that the symbol has are eased by the slack."""
    lacking = ""
    for tier, bounds in ((Tier.CORE, settings.core), (Tier.EXPANSION, settings.expansion)):
        held = before is not None and before.rank <= tier.rank
        lacks = missed(measures, bounds, slack=settings.slack if held else 1.0, held=held)
        if lacks is None:
            return Grade(tier, lacking or "meets every bound")
        lacking = f"not {tier}: {lacks}"
    return Grade(Tier.CONDITIONAL, lacking)
