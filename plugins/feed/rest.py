"""The venue's public REST endpoints as the feed uses them: read-only, with patience and within a budget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable
from datetime import datetime
from typing import Any

from ccxt.base.errors import BaseError, NetworkError

from plugins.domain import Candle, Mark
from plugins.feed.frames import candles_of_klines, marks_of_premiums, settlements_of
from plugins.venue import VenueClient, answer_of
from qtcore import QtError

TRIES = 3
RETRY_S = 0.3
FUNDING_PAGE = 1000
"""The venue's own limit of settlements in one answer."""
FULL_WAIT_S = 5.0
"""How long to wait before looking again whether the minute's weight is free."""

INVALID_INTERVAL = -1120


class VenueSilent(QtError):
    """The venue could not be asked; try again later."""


class VenueRefused(QtError):
    """The venue answered that it will not; asking again would not help."""

    def __init__(self, sentence: str, code: int | None) -> None:
        super().__init__(sentence)
        self.code = code


class VenueBusy(QtError):
    """There is no room for reads that can wait; ask again in some seconds."""


class Rest:
    """Reads with a few tries. `weight_ceiling` is the used weight a minute at which reads wait."""

    def __init__(self, client: VenueClient, weight_ceiling: int) -> None:
        self._client = client
        self._ceiling = weight_ceiling

    async def tradable(self) -> list[str]:
        """Symbols of USDT perpetuals that are trading. Raises VenueSilent, VenueRefused.

        The venue lists contracts with names in other scripts; they are left out, and `universe` counts them.
        """
        info = await self._get(self._client.fapiPublicGetExchangeInfo, {})
        return [
            str(row["symbol"])
            for row in info["symbols"]
            if row["status"] == "TRADING" and row["contractType"] == "PERPETUAL" and row["quoteAsset"] == "USDT"
            if str(row["symbol"]).isascii()
        ]

    async def most_traded(self, symbols: Iterable[str]) -> list[str]:
        """The symbols by turnover of 24 hours, highest first. Raises VenueSilent, VenueRefused."""
        rows = await self._get(self._client.fapiPublicGetTicker24hr, {})
        turnover = {str(row["symbol"]): float(row["quoteVolume"]) for row in rows}
        return sorted(symbols, key=lambda symbol: (-turnover.get(symbol, 0.0), symbol))

    async def spreads(self) -> dict[str, float]:
        """Each symbol's distance of ask from bid, as a part of their middle. Raises VenueSilent, VenueRefused."""
        rows = await self._get(self._client.fapiPublicGetTickerBookTicker, {})
        quotes = {str(row["symbol"]): (float(row["bidPrice"]), float(row["askPrice"])) for row in rows}
        return {symbol: 2 * (ask - bid) / (ask + bid) for symbol, (bid, ask) in quotes.items() if 0 < bid <= ask}

    async def marks(self, followed: Container[str]) -> list[Mark]:
        """Mark prices and funding of the followed symbols. Raises VenueSilent, VenueRefused, BadFrame."""
        return marks_of_premiums(await self._get(self._client.fapiPublicGetPremiumIndex, {}), followed)

    async def settlements(self, since_ms: int) -> dict[tuple[int, str], float]:
        """Funding rates settled since then by time (ms) and symbol. Raises VenueSilent, VenueRefused, BadFrame."""
        found: dict[tuple[int, str], float] = {}
        first_ms = since_ms
        while True:
            rows = await self._get(
                self._client.fapiPublicGetFundingRate, {"startTime": first_ms, "limit": FUNDING_PAGE}
            )
            page = settlements_of(rows)
            found |= page
            newest_ms = max((at_ms for at_ms, _ in page), default=first_ms)
            if len(rows) < FUNDING_PAGE or newest_ms <= first_ms:
                return found
            first_ms = newest_ms

    async def page(
        self, symbol: str, interval: str, interval_s: int, limit: int, *, before_ms: int | None, settled: datetime
    ) -> list[Candle]:
        """At most `limit` candles that closed by `settled`, opened before `before_ms` where it is given.

        For whoever can wait: half of the weight is kept free. Raises VenueBusy, VenueSilent, VenueRefused, BadFrame.
        """
        if self._client.usage.weight_1m >= self._ceiling // 2:
            raise VenueBusy("half of this minute's request weight is used, and the rest is kept for trading; wait 5 s")
        asked = {"symbol": symbol, "interval": interval, "limit": limit}
        end = {} if before_ms is None else {"endTime": before_ms - 1}
        rows = await self._get(self._client.fapiPublicGetKlines, asked | end)
        return [candle for candle in candles_of_klines(symbol, interval_s, rows) if candle.closed_at <= settled]

    async def newest(
        self, symbol: str, interval: str, interval_s: int, limit: int, *, settled: datetime
    ) -> list[Candle]:
        """The newest closed candles. Raises VenueSilent, VenueRefused, BadFrame.

        The last row of an answer may still be forming. It is left out unless it ended by the market time
        `settled`; if it was closed all the same, the next candle of the stream shows the gap.
        """
        rows = await self._get(
            self._client.fapiPublicGetKlines, {"symbol": symbol, "interval": interval, "limit": limit + 1}
        )
        candles = candles_of_klines(symbol, interval_s, rows)
        return candles if candles and candles[-1].closed_at <= settled else candles[:-1]

    async def between(self, symbol: str, interval: str, interval_s: int, first_ms: int, before_ms: int) -> list[Candle]:
        """Candles opened in [first_ms, before_ms), all closed. Raises VenueSilent, VenueRefused, BadFrame."""
        limit = (before_ms - first_ms) // (interval_s * 1000)
        rows = await self._get(
            self._client.fapiPublicGetKlines,
            {"symbol": symbol, "interval": interval, "startTime": first_ms, "endTime": before_ms - 1, "limit": limit},
        )
        return candles_of_klines(symbol, interval_s, rows)

    async def _get(self, endpoint: Callable[..., Any], params: dict[str, Any]) -> Any:
        for attempt in range(1, TRIES + 1):
            await self._room()
            try:
                return await endpoint(params)
            except NetworkError as error:
                if attempt == TRIES:
                    raise VenueSilent(f"the venue did not answer: {type(error).__name__}: {error}") from error
            except BaseError as error:
                answer = answer_of(error)
                raise VenueRefused(f"the venue refused: {error}", answer.code if answer else None) from error
            await asyncio.sleep(max(RETRY_S * attempt, self._client.usage.retry_after_s))
        raise AssertionError("the last try returns or raises")

    async def _room(self) -> None:
        usage = self._client.usage
        while usage.weight_1m >= self._ceiling:
            # Only an answer tells the weight anew, so after the wait one request goes out to learn it.
            await asyncio.sleep(FULL_WAIT_S)
            usage.weight_1m = 0
