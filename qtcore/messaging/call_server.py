"""Answers calls that arrive from other hosts."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from pathlib import Path

import zmq
from pydantic import ValidationError

from qtcore.errors import MessageTooLarge
from qtcore.messaging.calls import CallDesk, fault
from qtcore.messaging.delivery import sized
from qtcore.messaging.envelope import Envelope, EnvelopeKind
from qtcore.messaging.inlet import Complain
from qtcore.messaging.sockets import Context, bind, make


class CallServer:
    """A ROUTER socket in front of the host's call desk."""

    def __init__(self, context: Context, path: Path, desk: CallDesk, complain: Complain) -> None:
        self.refused: Counter[str] = Counter()
        self._desk = desk
        self._complain = complain
        self._socket = make(context, zmq.ROUTER)
        self.endpoint = bind(self._socket, path)

    async def serve(self) -> None:
        """Take calls; each is answered in a task of its own. For ever."""
        while True:
            frames: list[bytes] = await self._socket.recv_multipart()
            try:
                caller, data = frames
                call = Envelope.model_validate_json(data)
            except (ValueError, ValidationError) as error:
                self._refuse(str(error).partition("\n")[0])
                continue
            if call.kind is not EnvelopeKind.CALL:
                self._refuse(f"a {call.kind} is not a call")
                continue
            self._desk.start_answer(call).add_done_callback(partial(self._reply, caller, call))

    def _reply(self, caller: bytes, call: Envelope, task: asyncio.Task[Envelope]) -> None:
        if task.cancelled() or self._socket.closed:
            return
        try:
            data = sized(task.result())
        except MessageTooLarge as error:
            data = sized(fault(call, type(error).__name__, str(error)))
        # Not awaited: a caller that has gone, or reads no answers, loses its answer and runs into its deadline.
        self._socket.send_multipart([caller, data], flags=zmq.NOBLOCK)

    def _refuse(self, why: str) -> None:
        self.refused["malformed"] += 1
        if self.refused["malformed"] == 1:
            self._complain(f"something that is no call arrived at the call socket and was dropped: {why}")
