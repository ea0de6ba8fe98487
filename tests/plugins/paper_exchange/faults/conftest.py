from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import anyio
import ccxt.async_support
import pytest

DEADLINE_S = 5
BTC = "BTC/USDT:USDT"


@dataclass
class Bench:
    """A running venue, an unmodified ccxt client with the futures error map, and plain HTTP beside it."""

    running: Any
    client: Any

    async def inject(self, **fault: Any) -> dict[str, Any]:
        async with self.running.http.post(f"{self.running.url}/qt/v1/faults", json=fault) as response:
            answer = await response.json()
            assert response.status == 200, answer
            return answer

    async def active(self) -> list[str]:
        return [row["kind"] for row in (await self.running.get("/qt/v1/faults"))["active"]]

    async def clear(self) -> None:
        async with self.running.http.delete(f"{self.running.url}/qt/v1/faults") as response:
            assert response.status == 200

    async def reading(self, stream: str) -> None:
        """Return when somebody reads a stream."""
        with anyio.fail_after(DEADLINE_S):
            while not self.running.server.sockets.wants(stream):  # noqa: ASYNC110 - the state is another's
                await anyio.sleep(0.01)

    async def buy(self, quantity: float = 0.01, **params: Any) -> Any:
        return await self.client.create_order(BTC, "market", "buy", quantity, params=params)

    async def stop(self, trigger: float, **params: Any) -> Any:
        params = {"stopLossPrice": trigger, "closePosition": True, **params}
        return await self.client.create_order(BTC, "market", "sell", None, params=params)

    async def algo(self, order: Any) -> dict[str, Any]:
        return (await self.client.fetch_order(order["id"], BTC, {"trigger": True}))["info"]

    @asynccontextmanager
    async def user_stream(self) -> AsyncIterator[Events]:
        url = self.running.url
        async with self.running.http.post(f"{url}/fapi/v1/listenKey", headers={"X-MBX-APIKEY": "paper-key"}) as answer:
            key = (await answer.json())["listenKey"]
        async with self.running.http.ws_connect(f"{url}/private/ws?listenKey={key}") as socket:
            yield Events(socket)


@dataclass
class Events:
    """The user stream, read by a plain websocket."""

    socket: aiohttp.ClientWebSocketResponse

    async def next(self) -> dict[str, Any]:
        with anyio.fail_after(DEADLINE_S):
            return await self.socket.receive_json()

    async def kinds(self, number: int) -> list[str]:
        return [_named(await self.next()) for _ in range(number)]

    async def silent_for(self, seconds: float) -> bool:
        with anyio.move_on_after(seconds):
            await self.socket.receive()
            return False
        return True


def _named(event: dict[str, Any]) -> str:
    return f"{event['e']} {event['o']['X']}" if "o" in event else str(event["e"])


@pytest.fixture
async def bench(market: Any, open_venue: Callable[..., Any], new_client: Callable[..., Any]) -> AsyncIterator[Bench]:
    async with (
        open_venue(market) as running,
        new_client(ccxt.async_support.binanceusdm, running.url) as client,
    ):
        await client.load_markets()
        client.get_exceptions_by_url = lambda _url, kind: client.exceptions["linear"].get(kind, {})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.server.run)
            yield Bench(running, client)
            tasks.cancel_scope.cancel()
