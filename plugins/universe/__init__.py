"""Which symbols may trade: chosen from the venue's instruments and the feed's history, refusals with reasons."""

from plugins.universe.plugin import UniversePlugin

__all__ = ["UniversePlugin"]
