"""A TCP relay in front of the venue that loses what it is told to lose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

TEXT_FRAME = 0x81


class Loss(StrEnum):
    """What happens to a request whose first line begins as given."""

    REPLY = "the venue gets it, its reply is lost and the connection breaks"
    REQUEST = "the connection breaks before the venue gets it"
    SILENCE = "the venue gets it, and nothing comes back"
    EVENTS = "what the venue sends on this connection is swallowed"
    TEXTS = "only the venue's events are swallowed; it still answers pings"


@dataclass
class LossyWire:
    """Relays connections to `target`; `losses` are used up one by one, by the start of the request line."""

    target: str
    origin: str = ""
    losses: list[tuple[bytes, Loss]] = field(default_factory=list)
    lost: list[tuple[bytes, Loss]] = field(default_factory=list)
    cut: bool = False
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def lose(self, request: str, loss: Loss) -> None:
        """Lose the next request that begins with e.g. `POST /fapi/v1/order`."""
        self.losses.append((request.encode(), loss))

    def break_all(self) -> None:
        """Break every open connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    def _loss_of(self, chunk: bytes) -> Loss | None:
        for start, loss in self.losses:
            if chunk.startswith((start + b" ", start + b"?")):
                self.losses.remove((start, loss))
                self.lost.append((start, loss))
                return loss
        return None

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        if self.cut:
            writer.transport.abort()
            return
        host, port = urlsplit(self.target).netloc.split(":")
        up_reader, up_writer = await asyncio.open_connection(host, int(port))
        self._writers |= {writer, up_writer}
        fate: dict[str, Loss | None] = {"loss": None}
        back = asyncio.create_task(self._back(up_reader, writer, fate))
        try:
            while chunk := await reader.read(65536):
                fate["loss"] = self._loss_of(chunk) or fate["loss"]
                if fate["loss"] is Loss.REQUEST:
                    break
                up_writer.write(chunk)
                await up_writer.drain()
        except ConnectionError:
            pass
        finally:
            back.cancel()
            await asyncio.wait({back})
            for end in (writer, up_writer):
                self._writers.discard(end)
                end.transport.abort()

    async def _back(
        self, up_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: dict[str, Loss | None]
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await up_reader.read(65536):
                match fate["loss"]:
                    case Loss.REPLY:
                        writer.transport.abort()
                        return
                    case Loss.SILENCE:
                        continue
                    case Loss.EVENTS if not chunk.startswith(b"HTTP/1.1 101"):
                        continue
                    case Loss.TEXTS if chunk[0] == TEXT_FRAME:
                        continue
                    case _:
                        writer.write(chunk)
                        await writer.drain()
            writer.close()


@asynccontextmanager
async def lossy_wire(target: str) -> AsyncIterator[LossyWire]:
    """The relay on a free loopback port."""
    wire = LossyWire(target)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(wire.relay(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    wire.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await server.wait_closed()
