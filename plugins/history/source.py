"""The venue's public history, asked for without a key, one request at a time, behind everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
from ccxt.base.errors import BaseError, NetworkError

from plugins.learning.archive import HOUR_MS, NO_FIGURES, NO_MS, no_history, with_funding
from plugins.learning.features import History
from plugins.learning.features.bars import COLUMNS
from plugins.learning.rows import Floats, Ints
from plugins.venue import VenueClient
from qtcore import QtError

PAGE = 1000
FUNDING_PAGE = 1000
TRIES = 3
RETRY_S = 0.5
FULL_WAIT_S = 5.0


class HistoryRefused(QtError):
    """The venue gave no history of a symbol, or something that is none."""


class Source:
    """Reads pages of klines and funding. `ceiling` is the used weight a minute at which reads wait."""

    def __init__(self, client: VenueClient, *, ceiling: int, pause_s: float) -> None:
        self._client = client
        self._ceiling = ceiling
        self._pause_s = pause_s

    async def bars(self, symbol: str, interval: str, interval_s: int, first_ms: int, before_ms: int) -> History:
        """Closed bars opened in [first_ms, before_ms), as far as the venue has them. Raises HistoryRefused.

        A venue keeps so much and no more: the answer may begin later than asked for.
        """
        pages: list[list[Any]] = []
        at = first_ms
        while at < before_ms:
            rows = await self._ask(
                symbol,
                self._client.fapiPublicGetKlines,
                {"symbol": symbol, "interval": interval, "startTime": at, "endTime": before_ms - 1, "limit": PAGE},
            )
            if not rows:
                break
            pages.append(rows)
            at = int(rows[-1][0]) + interval_s * 1000
        return _bars_of(symbol, [row for page in pages for row in page])

    async def funding(self, symbol: str, first_ms: int, before_ms: int) -> tuple[Ints, Floats]:
        """Settlements in [first_ms, before_ms), times floored to the hour. Raises HistoryRefused."""
        rows = await self._ask(
            symbol,
            self._client.fapiPublicGetFundingRate,
            {"symbol": symbol, "startTime": first_ms, "endTime": before_ms - 1, "limit": FUNDING_PAGE},
        )
        try:
            at = np.array([int(row["fundingTime"]) for row in rows], dtype=np.int64)
            return at // HOUR_MS * HOUR_MS, np.array([float(row["fundingRate"]) for row in rows], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise HistoryRefused(f"the funding history of {symbol} is not complete: {error}") from error

    async def _ask(self, symbol: str, endpoint: Callable[..., Any], params: dict[str, Any]) -> Any:
        for attempt in range(1, TRIES + 1):
            await self._room()
            try:
                return await endpoint(params)
            except NetworkError as error:
                if attempt == TRIES:
                    raise HistoryRefused(f"the venue gave no history of {symbol}: {error}") from error
            except BaseError as error:
                raise HistoryRefused(f"the venue refused the history of {symbol}: {error}") from error
            await asyncio.sleep(max(RETRY_S * attempt, self._client.usage.retry_after_s))
        raise AssertionError("the last try returns or raises")

    async def _room(self) -> None:
        await asyncio.sleep(self._pause_s)
        usage = self._client.usage
        while usage.weight_1m >= self._ceiling:
            # Only an answer tells the weight anew, so after the wait one request goes out to learn it.
            await asyncio.sleep(FULL_WAIT_S)
            usage.weight_1m = 0


def _bars_of(symbol: str, rows: list[list[Any]]) -> History:
    if not rows:
        return no_history()
    try:
        opened = np.array([int(row[0]) for row in rows], dtype=np.int64)
        columns = {
            name: np.array([float(row[place]) for row in rows], dtype=np.float64)
            for place, name in enumerate(COLUMNS, start=1)
        }
    except (IndexError, TypeError, ValueError) as error:
        raise HistoryRefused(f"the klines of {symbol} are not complete: {type(error).__name__} {error}") from error
    return with_funding(History(opened, columns, NO_MS, NO_FIGURES), NO_MS, NO_FIGURES)
