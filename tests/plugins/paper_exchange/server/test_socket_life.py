"""How long a connection lives: pings, pongs and the end of its day, all in real time."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import anyio
import pytest

from plugins.paper_exchange.server.app import ServerSettings
from plugins.paper_exchange.server.websockets import SocketLife

pytestmark = pytest.mark.anyio

DEADLINE_S = 6


@pytest.fixture
def living(market, open_venue):
    """A venue whose connections live as a test says, with its beat running."""

    def opened(**life: float):
        settings = replace(ServerSettings(), port=0, sockets=SocketLife(**life))
        return open_venue(market, settings=settings)

    return opened


def reading(running, *, autoping: bool = False):
    """A raw reader of the market's connection; it answers pings only if it is told to."""
    return running.http.ws_connect(f"{running.url}/market/ws", autoping=autoping)


async def read(running, socket) -> aiohttp.WSMessage:
    """The next thing that a raw reader sees while the venue's beat runs."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.server.run)
        with anyio.fail_after(DEADLINE_S):
            message = await socket.receive()
        tasks.cancel_scope.cancel()
    return message


async def test_the_venue_pings(living):
    """A ping comes when it is due."""
    async with (
        living(ping_s=0.1) as running,
        reading(running) as socket,
    ):
        assert (await read(running, socket)).type is aiohttp.WSMsgType.PING


async def test_who_does_not_answer_is_dropped(living):
    """Without a pong for the time allowed the connection is cut."""
    async with (
        living(pong_s=0.5) as running,
        reading(running) as socket,
    ):
        assert (await read(running, socket)).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


async def test_a_pong_keeps_the_connection(living):
    """A client that answers every ping outlives the time allowed without one."""
    async with living(ping_s=0.1, pong_s=2.5) as running, anyio.create_task_group() as tasks:
        tasks.start_soon(running.server.run)
        async with reading(running) as socket:
            for _ in range(3):
                with anyio.fail_after(DEADLINE_S):
                    message = await socket.receive()
                assert message.type is aiohttp.WSMsgType.PING
                await socket.pong(message.data)
        tasks.cancel_scope.cancel()


async def test_a_clients_ping_is_answered(living):
    """The venue answers pings with what they carry."""
    async with living() as running, reading(running) as socket:
        await socket.ping(b"there?")
        message = await read(running, socket)
        assert (message.type, bytes(message.data)) == (aiohttp.WSMsgType.PONG, b"there?")


async def test_a_connection_ends_with_its_day(living):
    """After its life it is closed properly."""
    async with living(life_s=0.2) as running, reading(running, autoping=True) as socket:
        assert (await read(running, socket)).type is aiohttp.WSMsgType.CLOSE
