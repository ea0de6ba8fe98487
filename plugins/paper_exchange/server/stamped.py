"""An HTTP server that knows when the first byte of each request arrived."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler


class StampedHandler(RequestHandler):
    """One connection; `received_ns` is when the request that is being read began to arrive (CLOCK_MONOTONIC)."""

    __slots__ = ("received_ns",)

    def __init__(self, manager: StampedServer, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(manager, loop=loop)
        self.received_ns = 0

    def data_received(self, data: bytes) -> None:
        # A body may come after its headers, when the request is being answered already: that is no new request.
        if not self.received_ns and self._current_request is None:
            self.received_ns = time.monotonic_ns()
        super().data_received(data)


class StampedServer(web.Server):
    def __init__(self, handler: Callable[[Any], Awaitable[web.StreamResponse]]) -> None:
        self._serving = asyncio.get_running_loop()
        super().__init__(handler)

    def __call__(self) -> StampedHandler:
        return StampedHandler(self, loop=self._serving)


def received_ns(request: web.BaseRequest) -> int:
    """When the request began to arrive; the next one on this connection gets a stamp of its own."""
    handler = request.protocol
    if not isinstance(handler, StampedHandler):
        return time.monotonic_ns()
    stamp, handler.received_ns = handler.received_ns, 0
    return stamp
