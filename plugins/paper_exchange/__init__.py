"""A Binance USDⓈ-M futures venue on loopback that the unmodified ccxt client talks to."""
