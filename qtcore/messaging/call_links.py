"""Calls into other hosts: one connection per host, which knows at once when that host is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import zmq
from zmq.utils.monitor import parse_monitor_message

from qtcore.control.host_message import Peer
from qtcore.errors import CallUnanswered
from qtcore.messaging.calls import NOT_READY, fault
from qtcore.messaging.delivery import parse, sized
from qtcore.messaging.envelope import Envelope
from qtcore.messaging.sockets import Context, Pump, make

CONNECT_WAIT_S = 0.25
"""How long a call waits for a connection that is being made; a host that is away is told as such."""


class CallLink:
    """A DEALER socket to one host's call server, and the calls that await an answer from it."""

    def __init__(self, context: Context, peer: Peer, failed: Callable[[BaseException], None]) -> None:
        self.peer = peer
        self._connected = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[Envelope]] = {}
        socket = make(context, zmq.DEALER)
        # Without it calls would queue for a host that is away and run when it is back, late and unasked.
        socket.setsockopt(zmq.IMMEDIATE, 1)
        monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        self._news = Pump(monitor, self._connection_changed, failed)
        self._pump = Pump(socket, self._answered, failed)
        socket.connect(peer.router)

    async def ask(self, call: Envelope, timeout_s: float) -> Envelope:
        """The reply to a call. Raises CallUnanswered, MessageTooLarge."""
        data = sized(call)
        if not await self._reached(min(timeout_s, CONNECT_WAIT_S)):
            return self._away(call)
        answer: asyncio.Future[Envelope] = asyncio.get_running_loop().create_future()
        self._waiting[call.id] = answer
        try:
            self._pump.send([data])
            done, _ = await asyncio.wait({answer}, timeout=timeout_s)
        except zmq.ZMQError:  # no connection just now, or closed while we waited for one: nothing was sent
            return self._away(call)
        finally:
            self._waiting.pop(call.id, None)
        if not done:
            raise CallUnanswered(f"{call.topic} did not answer within {timeout_s:g} s")
        return answer.result()

    def close(self) -> None:
        """Drop the connection; calls under way are unanswered."""
        self._fail_waiting()
        self._pump.socket.disable_monitor()
        self._news.close()
        self._pump.close()

    async def _reached(self, limit_s: float) -> bool:
        if self._connected.is_set():
            return True
        try:
            async with asyncio.timeout(limit_s):
                await self._connected.wait()
        except TimeoutError:
            return False
        return True

    def _away(self, call: Envelope) -> Envelope:
        return fault(call, NOT_READY, f"host {self.peer.host} is away, so {call.topic} was not called; try again")

    def _answered(self, frames: list[bytes]) -> None:
        try:
            reply = parse(frames[-1])
        except ValueError:
            # Its caller, if it has one, runs into its deadline: there is nobody else to tell.
            return
        answer = self._waiting.get(reply.reply_to or "")
        if answer is not None and not answer.done():
            answer.set_result(reply)

    def _connection_changed(self, frames: list[bytes]) -> None:
        if parse_monitor_message(frames)["event"] == zmq.EVENT_DISCONNECTED:
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

    def __init__(self, context: Context, failed: Callable[[BaseException], None]) -> None:
        self._context = context
        self._failed = failed
        self._links: dict[str, CallLink] = {}

    def set_peers(self, peers: Iterable[Peer]) -> None:
        """Connect to these hosts and no others."""
        wanted = {peer.host: peer for peer in peers}
        for host, link in list(self._links.items()):
            if host not in wanted or wanted[host].router != link.peer.router:
                self._links.pop(host).close()
        for host, peer in wanted.items():
            if host in self._links:
                self._links[host].peer = peer
            else:
                self._links[host] = CallLink(self._context, peer, self._failed)

    def reaches(self, plugin: str) -> bool:
        """Whether some other host runs this plugin."""
        return self._link(plugin) is not None

    async def ask(self, plugin: str, call: Envelope, timeout_s: float) -> Envelope:
        """The reply to a call. Raises CallUnanswered, MessageTooLarge."""
        link = self._link(plugin)
        if link is None:
            return fault(call, NOT_READY, f"no host runs {plugin}, so {call.topic} was not called")
        return await link.ask(call, timeout_s)

    def close(self) -> None:
        """Drop every connection."""
        for link in self._links.values():
            link.close()
        self._links = {}

    def _link(self, plugin: str) -> CallLink | None:
        return next((link for link in self._links.values() if plugin in link.peer.plugins), None)
