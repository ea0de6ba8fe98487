"""How the market is played: what happens when, which market time it is, and the candles that come of it."""
