"""The venue's user stream, read as hints: what it says makes us look, and looking is what counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import anyio

from plugins.exchange.mentions import Mentions
from plugins.exchange.reconciling import Reconciler
from plugins.exchange.requests import Requests, VenueRefusal, VenueSilent
from plugins.exchange.settings import ExchangeSettings
from plugins.venue import Stream, StreamClosed, open_stream
from qtcore import Context

FIRST_REST_S = 0.1
LONGEST_REST_S = 5.0
LOOK_EVERY_S = 0.5
"""How often the stream is judged mute."""


class _KeyExpired(Exception):
    """The venue dropped the listen key; a new one is needed, and the old URL must not be dialled again."""


class UserStream:
    """Keeps one user stream open and turns its events into hints."""

    def __init__(
        self, ctx: Context[ExchangeSettings], requests: Requests, mentions: Mentions, reconciler: Reconciler
    ) -> None:
        self._ctx = ctx
        self._requests = requests
        self._mentions = mentions
        self._reconciler = reconciler
        self._dial_again = anyio.Event()
        self.down_since_s: float | None = time.monotonic()
        """Since when there is no stream (monotonic seconds), None while there is one."""
        self.last_event_s: float | None = None
        self.ended_because = "it was never open"

    @property
    def down_s(self) -> float:
        """Seconds without a stream, 0 while there is one."""
        return 0.0 if self.down_since_s is None else time.monotonic() - self.down_since_s

    def reconnect(self) -> None:
        """Give the present socket up and dial again with a new key."""
        self._dial_again.set()

    async def run(self) -> None:
        """Keep the stream open for ever, resting longer after each failure."""
        rest_s = FIRST_REST_S
        while True:
            opened_s = time.monotonic()
            try:
                await self._one_life()
            except (VenueRefusal, VenueSilent, StreamClosed, _KeyExpired) as error:
                self.ended_because = str(error)
            self.down_since_s = self.down_since_s or time.monotonic()
            self._ctx.log.info("user stream ended", why=self.ended_because)
            rest_s = FIRST_REST_S if time.monotonic() - opened_s > LONGEST_REST_S else min(2 * rest_s, LONGEST_REST_S)
            await anyio.sleep(rest_s)

    async def _one_life(self) -> None:
        self._dial_again = anyio.Event()
        client, url = self._requests.user_stream(await self._requests.listen_key())
        async with open_stream(client, url) as stream:
            self.down_since_s = None
            self._ctx.progress("streams_opened")
            self._mentions.opened()
            self._reconciler.hint()  # whatever happened while nobody listened
            with _one_ending():
                async with asyncio.TaskGroup() as life:
                    life.create_task(self._keep_key(), name="listen key")
                    life.create_task(self._watch(), name="mute stream watch")
                    life.create_task(stream.watch_peer(), name="half-open socket watch")
                    await self._read(stream)

    async def _read(self, stream: Stream) -> None:
        async for frame in stream:
            self.last_event_s = time.monotonic()
            self._ctx.progress("stream_events")
            self._heard(frame.message)

    def _heard(self, event: Mapping[str, Any]) -> None:
        match event.get("e"):
            case "ORDER_TRADE_UPDATE":
                self._about_order(event["o"], event["o"].get("c", ""))
            case "ALGO_UPDATE":
                self._about_order(event["o"], event["o"].get("caid", ""))
            case "ACCOUNT_UPDATE":
                self._about_account(event.get("a", {}))
            case "listenKeyExpired":
                raise _KeyExpired("the venue let the listen key expire")
            case "MARGIN_CALL":
                self._reconciler.hint()
            case _:
                pass  # settings and lite messages say nothing that looking would not

    def _about_order(self, order: Mapping[str, Any], client_id: str) -> None:
        symbol, trade_id = str(order.get("s", "")), int(order.get("t", 0))
        self._mentions.heard(symbol, client_id, trade_id)
        self._reconciler.hint(symbol, trade_id=trade_id)

    def _about_account(self, account: Mapping[str, Any]) -> None:
        if account.get("m") != "ORDER":
            self._reconciler.hint()  # funding and the like: the income has something new
        for position in account.get("P", ()):
            self._reconciler.hint(str(position.get("s", "")))

    async def _keep_key(self) -> None:
        while True:
            await anyio.sleep(self._ctx.settings.listen_key_renewal_s)
            await self._requests.keep_listen_key()

    async def _watch(self) -> None:
        """End a stream that does not mention what the venue is known to have done, or that was given up."""
        patience_s = self._ctx.settings.stream_patience_s
        while True:
            with anyio.move_on_after(LOOK_EVERY_S):
                await self._dial_again.wait()
                raise StreamClosed("it was given up to dial again")
            if self._mentions.oldest_s > patience_s:
                raise StreamClosed(
                    f"it is mute: an own order or execution was not mentioned within {patience_s:g} s; dial again"
                )


@contextmanager
def _one_ending() -> Iterator[None]:
    """Turn the group of one exception that a task group raises into that exception."""
    try:
        yield
    except BaseExceptionGroup as group:
        known, rest = group.split((VenueRefusal, VenueSilent, StreamClosed, _KeyExpired))
        if rest is not None or known is None:
            raise
        first: BaseException = known
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
