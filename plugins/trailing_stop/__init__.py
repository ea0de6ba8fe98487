"""Stops follow the price of a winning position, and never go back."""

from plugins.trailing_stop.plugin import TrailingStop

__all__ = ["TrailingStop"]
