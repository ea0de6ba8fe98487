"""Training history: candles and funding of every symbol that may trade, kept on disk and up to date."""

from plugins.history.plugin import HistoryKeeper

__all__ = ["HistoryKeeper"]
