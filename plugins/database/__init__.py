"""History: fills, round trips, trades, funding and equity in one SQL database that can always be rebuilt."""

from plugins.database.plugin import DatabasePlugin

__all__ = ["DatabasePlugin"]
