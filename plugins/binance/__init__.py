"""The real venue: which address and which time hold in modes testnet and live."""

from plugins.binance.plugin import BinancePlugin

__all__ = ["BinancePlugin"]
