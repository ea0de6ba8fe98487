"""Calls into other hosts: one connection per host, which knows at once when that host is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import zmq
import zmq.asyncio
from pydantic import ValidationError
from zmq.utils.monitor import recv_monitor_message

from qtcore.control.host_message import Peer
from qtcore.errors import CallUnanswered
from qtcore.messaging.calls import NOT_READY, fault
from qtcore.messaging.delivery import sized
from qtcore.messaging.envelope import Envelope
from qtcore.messaging.sockets import Context, make

CONNECT_WAIT_S = 0.25
"""How long a call waits for a connection that is being made; a host that is away is told as such."""


class CallLink:
    """A DEALER socket to one host's call server, and the calls that await an answer from it."""

    def __init__(self, context: Context, peer: Peer) -> None:
        self.peer = peer
        self._socket = make(context, zmq.DEALER)
        # Without it calls would queue for a host that is away and run when it is back, late and unasked.
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._monitor: Any = self._socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        self._connected = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[Envelope]] = {}
        self._socket.connect(peer.router)
        loop = asyncio.get_running_loop()
        self._tasks = (
            loop.create_task(self._receive(), name=f"answers from {peer.host}"),
            loop.create_task(self._watch(), name=f"connection to {peer.host}"),
        )

    async def ask(self, call: Envelope, timeout_s: float) -> Envelope:
        """The reply to a call. Raises CallUnanswered, MessageTooLarge."""
        data = sized(call)
        if not await self._reached(min(timeout_s, CONNECT_WAIT_S)):
            return self._away(call)
        answer: asyncio.Future[Envelope] = asyncio.get_running_loop().create_future()
        self._waiting[call.id] = answer
        try:
            try:
                await self._socket.send(data, flags=zmq.NOBLOCK)
            except zmq.Again:
                return self._away(call)
            done, _ = await asyncio.wait({answer}, timeout=timeout_s)
        finally:
            self._waiting.pop(call.id, None)
        if not done:
            raise CallUnanswered(f"{call.topic} did not answer within {timeout_s:g} s")
        return answer.result()

    async def aclose(self) -> None:
        """Drop the connection; calls under way are unanswered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._fail_waiting()
        self._socket.disable_monitor()
        self._monitor.close()
        self._socket.close()

    async def _reached(self, limit_s: float) -> bool:
        try:
            async with asyncio.timeout(limit_s):
                await self._connected.wait()
        except TimeoutError:
            return False
        return True

    def _away(self, call: Envelope) -> Envelope:
        return fault(call, NOT_READY, f"host {self.peer.host} is away, so {call.topic} was not called; try again")

    async def _receive(self) -> None:
        while True:
            data: bytes = await self._socket.recv()
            try:
                reply = Envelope.model_validate_json(data)
            except ValidationError:
                # Its caller, if it has one, runs into its deadline: there is nobody else to tell.
                continue
            answer = self._waiting.get(reply.reply_to or "")
            if answer is not None and not answer.done():
                answer.set_result(reply)

    async def _watch(self) -> None:
        while True:
            event = await recv_monitor_message(self._monitor)
            if event["event"] == zmq.EVENT_DISCONNECTED:
                self._connected.clear()
                self._fail_waiting()
            else:
                self._connected.set()

    def _fail_waiting(self) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(
                    CallUnanswered(f"host {self.peer.host} went away before it answered; the outcome is unknown")
                )


class CallLinks:
    """The connections to all other hosts; satisfies `qtcore.messaging.calls.RemoteCalls`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._links: dict[str, CallLink] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def set_peers(self, peers: Iterable[Peer]) -> None:
        """Connect to these hosts and no others."""
        wanted = {peer.host: peer for peer in peers}
        for host, link in list(self._links.items()):
            if host not in wanted or wanted[host].router != link.peer.router:
                self._close(self._links.pop(host))
        for host, peer in wanted.items():
            if host in self._links:
                self._links[host].peer = peer
            else:
                self._links[host] = CallLink(self._context, peer)

    def reaches(self, plugin: str) -> bool:
        """Whether some other host runs this plugin."""
        return self._link(plugin) is not None

    async def ask(self, plugin: str, call: Envelope, timeout_s: float) -> Envelope:
        """The reply to a call. Raises CallUnanswered, MessageTooLarge."""
        link = self._link(plugin)
        if link is None:
            return fault(call, NOT_READY, f"no host runs {plugin}, so {call.topic} was not called")
        return await link.ask(call, timeout_s)

    async def aclose(self) -> None:
        """Drop every connection."""
        for link in self._links.values():
            self._close(link)
        self._links = {}
        await asyncio.gather(*self._closing)

    def _link(self, plugin: str) -> CallLink | None:
        return next((link for link in self._links.values() if plugin in link.peer.plugins), None)

    def _close(self, link: CallLink) -> None:
        task = asyncio.get_running_loop().create_task(link.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
