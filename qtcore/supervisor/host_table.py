"""The living host processes: spawn, speak, take evidence, kill, and prove death."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import anyio
from anyio.abc import TaskGroup

from qtcore.control.host_message import StopHost, ToHost, ToSupervisor
from qtcore.errors import QtError
from qtcore.hosts.channel import ChannelClosed, ChannelOverflow, MalformedMessage, MessageTooLarge
from qtcore.hosts.evidence import Evidence, post_mortem, take
from qtcore.hosts.launcher import Launcher
from qtcore.hosts.process import HostProcess
from qtcore.hosts.spec import HostSpec
from qtcore.hosts.watch import Verdict
from qtcore.kernel.words import Cause

RETIRE_GRACE_S = 5.0
LAST_WORDS_S = 0.25
"""How long reading the last datagrams of a dead host may take."""


@dataclass(frozen=True, slots=True)
class Doom:
    """Why the supervisor itself ends a host."""

    cause: Cause
    reason: str
    kind: Verdict = Verdict.FINE
    culprit: str | None = None


@dataclass(slots=True)
class LiveHost:
    """One incarnation of a host, from spawn to proof of death."""

    name: str
    incarnation: int
    process: HostProcess
    module_files: dict[str, str] = field(default_factory=dict)
    doom: Doom | None = None
    evidence: Evidence | None = None
    silent: anyio.Event = field(default_factory=anyio.Event)
    gone: anyio.Event = field(default_factory=anyio.Event)


@dataclass(frozen=True, slots=True)
class Death:
    """Proof that an incarnation is over (or never came to be), with what is known about why."""

    host: str
    incarnation: int
    cause: Cause
    reason: str
    culprit: str | None = None
    evidence: Evidence | None = None
    code: int | None = None
    """The exit code, or the number of the signal, where it ended by itself."""


class HostEvents(Protocol):
    """What the table tells its owner."""

    def host_spawned(self, host: LiveHost) -> None:
        """The process exists."""

    def host_spoke(self, host: LiveHost, message: ToSupervisor) -> None:
        """A message arrived."""

    def host_lost(self, host: LiveHost, sentence: str) -> None:
        """The host does not read, or talks nonsense; it must be given up."""

    def host_gone(self, death: Death) -> None:
        """The process is proven dead."""


class HostTable:
    """At most one incarnation of each host; the next is spawned only after the last is proven dead."""

    def __init__(
        self, launcher: Launcher, spec_of: Callable[[str, int], HostSpec], owner: HostEvents, tasks: TaskGroup
    ) -> None:
        self._launcher = launcher
        self._spec_of = spec_of
        self._owner = owner
        self._tasks = tasks
        self._live: dict[str, LiveHost] = {}

    @property
    def live(self) -> Mapping[str, LiveHost]:
        """Hosts whose process exists, by name."""
        return self._live

    def spawn(self, name: str, incarnation: int) -> None:
        """Create the process: now if there is a spare, else in the background."""
        process = self._launcher.spawn_at_once(self._spec_of(name, incarnation))
        if process is not None:
            self._born(name, incarnation, process)
        else:
            self._tasks.start_soon(self._spawn, name, incarnation, name=f"spawn {name}")

    def send(self, name: str, message: ToHost) -> bool:
        """Queue one datagram; False when the host is gone, whose death is reported separately."""
        host = self._live.get(name)
        if host is None:
            return False
        try:
            host.process.channel.send(message)
        except ChannelClosed:
            return False
        except (ChannelOverflow, MessageTooLarge) as error:
            self._owner.host_lost(host, str(error))
            return False
        return True

    def broadcast(self, message: ToHost) -> None:
        """Queue one datagram to every living host."""
        for name in [*self._live]:
            self.send(name, message)

    def kill(self, name: str, incarnation: int, doom: Doom) -> None:
        """Take evidence, then SIGKILL; the first reason given stays the recorded one."""
        host = self._live.get(name)
        if host is None or host.incarnation != incarnation or host.doom is not None:
            return
        host.doom = doom
        self._tasks.start_soon(self._kill, host, name=f"kill {name}")

    def retire(self, name: str, incarnation: int, reason: str) -> None:
        """Ask the host to leave; kill it when it has not left within its grace."""
        host = self._live.get(name)
        if host is None or host.incarnation != incarnation:
            return
        self.send(name, StopHost(reason=reason, grace_s=RETIRE_GRACE_S))
        self._tasks.start_soon(self._make_sure, host, name=f"retire {name}")

    async def _spawn(self, name: str, incarnation: int) -> None:
        try:
            process = await self._launcher.spawn(self._spec_of(name, incarnation))
        except (QtError, OSError, TimeoutError) as error:
            self._owner.host_gone(
                Death(name, incarnation, Cause.EXIT_CODE, f"host {name} could not be created: {error}")
            )
            return
        self._born(name, incarnation, process)

    def _born(self, name: str, incarnation: int, process: HostProcess) -> None:
        host = LiveHost(name, incarnation, process)
        self._live[name] = host
        self._owner.host_spawned(host)
        self._tasks.start_soon(process.channel.drain, name=f"drain {name}")
        self._tasks.start_soon(self._listen, host, name=f"listen {name}")
        self._tasks.start_soon(self._await_death, host, name=f"await {name}")

    async def _listen(self, host: LiveHost) -> None:
        try:
            while True:
                try:
                    message = await host.process.channel.receive()
                except MalformedMessage as error:
                    self._owner.host_lost(host, str(error))
                    continue
                self._owner.host_spoke(host, message)
        except (ChannelClosed, anyio.ClosedResourceError):
            return  # the end of the stream; the pidfd tells the rest
        finally:
            host.silent.set()

    async def _await_death(self, host: LiveHost) -> None:
        end = await host.process.wait_gone()
        with anyio.move_on_after(LAST_WORDS_S):
            await host.silent.wait()
        if host.evidence is None:
            host.evidence = post_mortem(host.process, host.module_files)
        host.process.close()
        if self._live.get(host.name) is host:
            del self._live[host.name]
        host.gone.set()
        self._owner.host_gone(replace(_death(host, end.cause, end.reason), code=end.code))

    async def _kill(self, host: LiveHost) -> None:
        doom = host.doom
        if doom is None:
            return
        host.evidence = await take(host.process, doom.kind, host.module_files)
        if doom.culprit is None and host.evidence.culprit is not None:
            host.doom = replace(doom, culprit=host.evidence.culprit)
        host.process.kill(doom.reason)

    async def _make_sure(self, host: LiveHost) -> None:
        with anyio.move_on_after(RETIRE_GRACE_S + 1.0):
            await host.gone.wait()
            return
        self.kill(host.name, host.incarnation, Doom(Cause.HUNG, "it did not leave when asked to"))


def _death(host: LiveHost, cause: Cause, reason: str) -> Death:
    doom = host.doom
    if doom is None:
        culprit = host.evidence.culprit if host.evidence else None
        return Death(host.name, host.incarnation, cause, reason, culprit, host.evidence)
    return Death(
        host.name, host.incarnation, doom.cause, "the supervisor ended it with SIGKILL", doom.culprit, host.evidence
    )
