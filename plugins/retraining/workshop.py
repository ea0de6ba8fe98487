"""Runs the training process: an order in, its lines out, and an end for one that takes too long."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from signal import Signals
from subprocess import PIPE

import anyio
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream
from pydantic import ValidationError

from plugins.retraining.order import LINE, Compared, CompareOrder, Ended, FailedModel, Refused, Stage, TrainedModel
from plugins.retraining.order import TrainOrder as Training
from qtcore import QtError

LONGEST_LINE = 1024 * 1024
LAST_WORDS = 2_000
END_TIMEOUT_S = 5.0

Result = Stage | TrainedModel | FailedModel | Compared | Ended | Refused


Hear = Callable[[Result], None]


class WorkFailed(QtError):
    """The training process ended without having done its work."""


@asynccontextmanager
async def process_of(order: Training | CompareOrder) -> AsyncIterator[Process]:
    """The process, given its order; ended when the context is left, whatever it was at."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-P", "-m", "plugins.retraining.work"]
    process = await anyio.open_process(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment)
    try:
        if process.stdin is not None:
            await process.stdin.send(order.model_dump_json().encode())
            await process.stdin.aclose()
        yield process
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)


async def carry_out(order: Training | CompareOrder, *, deadline_s: float, hear: Hear) -> None:
    """Have an order carried out; `hear` gets each line. Raises WorkFailed, also when it takes too long."""
    said = bytearray()
    last: Result | None = None
    code = 0
    with anyio.move_on_after(deadline_s) as limit:
        async with process_of(order) as process:
            last = await _heard(process, said, hear)
            code = await process.wait()
    if limit.cancelled_caught:
        raise WorkFailed(f"the training took longer than {deadline_s:.0f} s and was ended")
    if not isinstance(last, Ended | Refused):
        raise WorkFailed(f"the training process {_ended_as(code)}{_words(said)}")


async def _heard(process: Process, said: bytearray, hear: Hear) -> Result | None:
    """Pass on every line; the last one is told."""
    if process.stdout is None or process.stderr is None:
        raise WorkFailed("the training process has no output")
    last: Result | None = None
    listening = asyncio.create_task(_listen(process.stderr, said), name="training errors")
    try:
        async for line in _lines(process.stdout):
            last = line
            hear(line)
        await listening
    finally:
        listening.cancel()
        await asyncio.wait({listening})
    return last


async def _lines(output: ByteReceiveStream) -> AsyncIterator[Result]:
    buffered = BufferedByteReceiveStream(output)
    while True:
        try:
            text = await buffered.receive_until(b"\n", LONGEST_LINE)
        except (anyio.IncompleteRead, anyio.EndOfStream):
            return
        try:
            yield LINE.validate_json(text)
        except ValidationError as error:
            shown = text[:200].decode(errors="replace")
            raise WorkFailed(f"the training process said something that is no answer: {shown}") from error


async def _listen(errors: ByteReceiveStream, said: bytearray) -> None:
    async for part in errors:
        said += part
        del said[:-LAST_WORDS]


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    with anyio.move_on_after(END_TIMEOUT_S):
        await process.wait()
    await process.aclose()


def _ended_as(code: int) -> str:
    return f"was ended by {Signals(-code).name}" if code < 0 else f"ended with {code}"


def _words(said: bytearray) -> str:
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    return f": {lines[-1].strip()}" if lines else ""
