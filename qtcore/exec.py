"""Supervises any command as a plugin: `use: qtcore.exec`.

web:
  use: qtcore.exec
  settings:
    command: [caddy, run]
    ready: {when: port, port: 8080}
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat, ValidationInfo, field_validator, model_validator

from qtcore.context import Context
from qtcore.errors import ConfigurationError
from qtcore.health.model import Health
from qtcore.hooks import hookimpl
from qtcore.hosts.runtime.ending import EndedWith
from qtcore.kernel.words import Cause
from qtcore.plugin import Plugin, Settings, is_check

LONGEST_LINE = 8_192
CONNECT_EVERY_S = 0.05
READY_FD = "QT_READY_FD"

_CHILD = Path(__file__).with_name("exec_child.py")


class Readiness(Settings):
    """How one sees that the command is useful."""

    when: Literal["immediate", "fd", "port", "line"] = "immediate"
    """`fd`: it writes a byte to the descriptor named by QT_READY_FD; `port`: it accepts connections;
    `line`: a line of its output matches."""
    port: int | None = Field(default=None, ge=1, le=65535)
    host: str = "127.0.0.1"
    line: str | None = None
    """A regular expression, searched in each line."""
    within_s: PositiveFloat = 10.0

    @field_validator("line")
    @classmethod
    def _compiles(cls, line: str | None) -> str | None:
        if line is not None:
            try:
                re.compile(line)
            except re.error as error:
                raise ValueError(f"{line!r} is no regular expression: {error}") from None
        return line

    @model_validator(mode="after")
    def _complete(self) -> Readiness:
        for name in ("port", "line"):
            given = getattr(self, name) is not None
            if self.when == name and not given:
                raise ValueError(f"ready.when is {name!r}, so ready.{name} must be given")
            if self.when != name and given:
                raise ValueError(
                    f"ready.{name} is given, but ready.when is {self.when!r}; write `when: {name}` as well"
                )
        return self


class ExecSettings(Settings):
    """What to run and how to stop it."""

    command: list[str] = Field(min_length=1)
    """The program and its arguments; no shell is involved."""
    cwd: Path | None = None
    env: dict[str, str] = {}
    """Added to the host's own environment."""
    ready: Readiness = Readiness()
    stop_signal: Literal["TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "KILL"] = "TERM"
    stop_grace_s: PositiveFloat = 5.0
    """How long it may take to end before it is killed; keep it below the plugin's stop timeout."""

    @model_validator(mode="after")
    def _can_be_run(self, info: ValidationInfo) -> ExecSettings:
        if is_check(info) and (obstacle := self.obstacle()):
            raise ValueError(obstacle)
        return self

    def obstacle(self) -> str | None:
        """Why the command cannot be run on this machine, with the cure; None when it can."""
        program = self.command[0]
        if self.cwd is not None and not self.cwd.is_dir():
            return f"cwd {self.cwd} is no folder; create it or name another"
        if shutil.which(program, path={**os.environ, **self.env}.get("PATH")) is None:
            return f"there is no program {program!r} to run; give its full path or install it"
        return None


class Exec(Plugin[ExecSettings]):
    """Runs a command in a process group of its own, logs its output, and ends when it ends."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._tail: deque[str] = deque(maxlen=5)
        self._ready_line: asyncio.Event = asyncio.Event()
        self._began_s = time.monotonic()

    @hookimpl
    async def start(self, ctx: Context[ExecSettings]) -> None:
        """Run the command until it or the plugin ends. Raises EndedWith its exit, ConfigurationError."""
        reading, writing = os.pipe()
        try:
            process = await self._spawn(ctx, writing)
            os.close(writing)
            writing = -1
            await self._supervise(ctx, process, reading)
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)

    @hookimpl
    async def health(self, ctx: Context[ExecSettings]) -> Health:
        """Whether the command runs; what it does is its own to say."""
        if self._process is None or self._process.returncode is not None:
            return Health.critical(f"{ctx.settings.command[0]} does not run")
        up_s = round(time.monotonic() - self._began_s, 1)
        return Health.healthy(f"{ctx.settings.command[0]} runs", pid=self._process.pid, up_s=up_s)

    async def _spawn(self, ctx: Context[ExecSettings], ready_fd: int) -> asyncio.subprocess.Process:
        settings = ctx.settings
        if obstacle := settings.obstacle():
            raise ConfigurationError(f"{ctx.name}: {obstacle}")
        environment = {**os.environ, **settings.env, READY_FD: str(ready_fd)}
        self._began_s = time.monotonic()
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-S",
            str(_CHILD),
            str(os.getpid()),
            *settings.command,
            cwd=settings.cwd,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=(ready_fd,),
            process_group=0,
        )

    async def _supervise(self, ctx: Context[ExecSettings], process: asyncio.subprocess.Process, ready_fd: int) -> None:
        self._process = process
        ctx.log.info("command started", pid=process.pid, command=ctx.settings.command[0])
        output = asyncio.create_task(self._read_output(ctx, process), name="output")
        ready = asyncio.create_task(self._await_ready(ctx.settings.ready, ready_fd), name="ready")
        ended = asyncio.create_task(process.wait(), name="exit")
        try:
            await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done() and not ended.done():
                self._check_ready(ctx, ready)
                ctx.ready()
            await asyncio.wait({ended})
            await asyncio.wait({output}, timeout=1.0)
            raise self._ended(ctx, ended.result())
        finally:
            await _stop(process, ctx.settings)
            for task in (output, ready, ended):
                task.cancel()
            await asyncio.wait({output, ready, ended})

    def _check_ready(self, ctx: Context[ExecSettings], ready: asyncio.Task[None]) -> None:
        try:
            ready.result()
        except TimeoutError:
            how = ctx.settings.ready
            raise EndedWith(
                Cause.UNREADY,
                f"{ctx.name}: {ctx.settings.command[0]} was not ready ({how.when}) within {how.within_s:g} s",
            ) from None

    async def _await_ready(self, how: Readiness, ready_fd: int) -> None:
        async with asyncio.timeout(how.within_s):
            match how.when:
                case "immediate":
                    return
                case "fd":
                    await _readable(ready_fd)
                case "port":
                    await _accepting(how.host, how.port or 0)
                case "line":
                    await self._ready_line.wait()

    async def _read_output(self, ctx: Context[ExecSettings], process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for as a pipe
        wanted = re.compile(ctx.settings.ready.line) if ctx.settings.ready.line else None
        rest = b""
        while chunk := await process.stdout.read(65_536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LONGEST_LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._take_line(ctx, line, wanted)
        if rest:
            self._take_line(ctx, rest, wanted)

    def _take_line(self, ctx: Context[ExecSettings], line: bytes, wanted: re.Pattern[str] | None) -> None:
        text = line[:LONGEST_LINE].decode(errors="replace").rstrip("\r")
        self._tail.append(text)
        ctx.log.info("output", line=text)
        if wanted is not None and wanted.search(text):
            self._ready_line.set()

    def _ended(self, ctx: Context[ExecSettings], code: int) -> EndedWith:
        ran = f"{ctx.name}: {ctx.settings.command[0]} ran for {time.monotonic() - self._began_s:.1f} s and"
        said = f"; it last said: {' | '.join(self._tail)}" if self._tail else ""
        if code == 0:
            return EndedWith(Cause.RETURNED, f"{ran} ended with exit code 0 although nobody stopped it{said}")
        if code > 0:
            return EndedWith(Cause.EXIT_CODE, f"{ran} ended with exit code {code}{said}")
        return EndedWith(Cause.SIGNAL, f"{ran} was ended by {signal.Signals(-code).name}{said}")


async def _stop(process: asyncio.subprocess.Process, settings: ExecSettings) -> None:
    """End the command's whole process group: first as asked for, then for certain."""
    with suppress(ProcessLookupError):
        if process.returncode is None:
            os.killpg(process.pid, signal.Signals[f"SIG{settings.stop_signal}"])
            with suppress(TimeoutError):
                async with asyncio.timeout(settings.stop_grace_s):
                    await process.wait()
        # Also when it ended in time: it may have left children in its group.
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def _readable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    loop.add_reader(fd, told.set)
    try:
        await told.wait()
    finally:
        loop.remove_reader(fd)
    if not os.read(fd, 1):
        # Closed without a word: the exit, or the deadline, will say more.
        await loop.create_future()


async def _accepting(host: str, port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(CONNECT_EVERY_S)
        else:
            writer.close()
            await writer.wait_closed()
            return
