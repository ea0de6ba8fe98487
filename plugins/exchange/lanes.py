"""Three ways to the venue, so that an order that protects or closes never stands behind anything else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import anyio
from ccxt.base.errors import BaseError

from plugins.domain import Intent, Purpose
from plugins.exchange.replies import CLOCK_WRONG
from plugins.exchange.venue_clock import VenueClock
from plugins.exchange.weights import Hold, Lane, WeightLedger
from plugins.exchange.wire import object_of
from plugins.venue import VenueClient, answer_of
from qtcore import QtError

DATA_AT_ONCE = 2
"""Data requests under way at once: each answer is parsed on the loop that also sends orders."""
SLOW_DOWN = frozenset({418, 429})


class HeldBack(QtError):
    """The request was not sent, because the venue would not take it or the rest of the budget is for exits."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold.why)
        self.for_s = hold.for_s


def lane_of(intent: Intent) -> Lane:
    """Entries, and the stops that go ahead of them, may wait; whatever guards or ends a position may not."""
    opens = intent.purpose is Purpose.ENTRY or (intent.purpose is Purpose.STOP and intent.position_id is None)
    return Lane.ENTRY if opens else Lane.SAFETY


class Lanes:
    """One client a lane, each with its own connections; ccxt's limiter is off in all, `weights` stands for it."""

    def __init__(self, clients: Mapping[Lane, VenueClient], clock: VenueClock) -> None:
        # ccxt makes its endpoint methods at run time, and its annotations describe the synchronous ones
        self._clients: dict[Lane, Any] = dict(clients)
        self.clock = clock
        self.weights = WeightLedger()
        self._data = anyio.Semaphore(DATA_AT_ONCE)
        for client in self._clients.values():
            client.nonce = clock.now_ms  # every request is signed for the venue's clock, not for ours

    async def ask(self, lane: Lane, endpoint: str, asked: Mapping[str, Any] | None = None, *, weight: int = 1) -> Any:
        """The venue's answer to one request by ccxt's name of the endpoint.

        Raises HeldBack when it was not sent, ccxt's BaseError when it failed.
        """
        if lane is not Lane.DATA:
            return await self._in_time(lane, endpoint, asked or {}, weight)
        async with self._data:
            return await self._in_time(lane, endpoint, asked or {}, weight)

    async def measure_clock(self, lane: Lane) -> None:
        """Ask the venue's time and set `clock` by it. Raises like `ask`, Unreadable."""
        asked_s = time.monotonic()
        answer = object_of(await self._send(lane, "fapiPublicGetTime", {}, 1), "time")
        self.clock.measured(int(answer["serverTime"]), asked_s, time.monotonic())

    async def _in_time(self, lane: Lane, endpoint: str, asked: Mapping[str, Any], weight: int) -> Any:
        """Once more under the right time where the venue refused a request for its timestamp: it did nothing then.

        An order bears the timestamp that exchange.db has of it, so it is for the sender to try again.
        """
        try:
            return await self._send(lane, endpoint, asked, weight)
        except BaseError as error:
            answer = answer_of(error)
            if answer is None or answer.code != CLOCK_WRONG or "timestamp" in asked:
                raise
        await self.measure_clock(lane)
        return await self._send(lane, endpoint, asked, weight)

    async def _send(self, lane: Lane, endpoint: str, asked: Mapping[str, Any], weight: int) -> Any:
        if (hold := self.weights.hold(lane, weight, self.clock.now_ms())) is not None:
            raise HeldBack(hold)
        client = self._clients[lane]
        self.weights.began(weight)
        try:
            return await getattr(client, endpoint)({**asked})
        except BaseError as error:
            self._note_refusal(error)
            raise
        finally:
            self.weights.ended(weight)
            self._note_usage(client)

    def _note_usage(self, client: Any) -> None:
        if client.usage.seen:  # an answer came; without one the client still has the figure of an older minute
            client.usage.seen = False
            self.weights.told(client.usage.weight_1m, self.clock.now_ms())
            if client.usage.orders_10s:  # only answers to orders say it
                self.weights.told_orders(client.usage.orders_10s, self.clock.now_ms())
                client.usage.orders_10s = 0

    def _note_refusal(self, error: BaseError) -> None:
        answer = answer_of(error)
        if answer is not None and answer.status in SLOW_DOWN:
            self.weights.slow_down(answer.status, answer.retry_after_s, self.clock.now_ms())

    def stream_client(self) -> VenueClient:
        """The client that carries the user stream."""
        client: VenueClient = self._clients[Lane.DATA]
        return client

    async def close(self) -> None:
        """Close all clients; once begun it goes on to the end, also when who waits for it is cancelled."""
        await asyncio.shield(asyncio.gather(*(client.close() for client in self._clients.values())))
