"""The only door to a venue: durable intents, stops before entries, and the venue's truth for everybody else."""

from plugins.exchange.plugin import ExchangePlugin

__all__ = ["ExchangePlugin"]
