"""Candles and marks: one keyless client, history by REST, one websocket, no invented prices.

`feed.history(symbol, limit)` answers with the closed candles that are kept (`plugins.domain.candles_of` reads
them); live candles come as `Candle`, each once, in order and without holes as far as the venue can fill them.
"""

from plugins.feed.plugin import Feed

__all__ = ["Feed"]
