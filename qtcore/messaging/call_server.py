"""Answers calls that arrive from other hosts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import zmq

from qtcore.errors import MessageTooLarge
from qtcore.messaging.calls import CallDesk, fault
from qtcore.messaging.delivery import parse, sized
from qtcore.messaging.envelope import Envelope, EnvelopeKind
from qtcore.messaging.inlet import Complain
from qtcore.messaging.sockets import Context, Pump, bind, make


class CallServer:
    """A ROUTER socket in front of the host's call desk; each call is answered in a task of its own."""

    def __init__(
        self,
        context: Context,
        path: Path,
        desk: CallDesk,
        *,
        complain: Complain,
        failed: Callable[[BaseException], None],
    ) -> None:
        self.refused: Counter[str] = Counter()
        self._desk = desk
        self._complain = complain
        socket = make(context, zmq.ROUTER)
        self.endpoint = bind(socket, path)
        self._pump = Pump(socket, self._take, failed)

    def close(self) -> None:
        """Close the socket; answers that come later are dropped."""
        self._pump.close()

    def _take(self, frames: list[bytes]) -> None:
        try:
            caller, data = frames
            call = parse(data)
        except ValueError as error:
            self._refuse(str(error).partition("\n")[0])
            return
        if call.kind is not EnvelopeKind.CALL:
            self._refuse(f"a {call.kind} is not a call")
            return
        self._desk.start_answer(call).add_done_callback(partial(self._reply, caller, call))

    def _reply(self, caller: bytes, call: Envelope, task: asyncio.Task[Envelope]) -> None:
        if task.cancelled() or self._pump.socket.closed:
            return
        try:
            data = sized(task.result())
        except MessageTooLarge as error:
            data = sized(fault(call, type(error).__name__, str(error)))
        # A ROUTER never blocks: the answer to a caller that has gone is dropped.
        self._pump.send([caller, data])

    def _refuse(self, why: str) -> None:
        self.refused["malformed"] += 1
        if self.refused["malformed"] == 1:
            self._complain(f"something that is no call arrived at the call socket and was dropped: {why}")
