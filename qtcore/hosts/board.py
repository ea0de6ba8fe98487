"""The board: one shared memory page on which supervisor and hosts read each other's beats.

Every field is an aligned 64-bit integer that exactly one process writes, and is stored and loaded
with a single instruction; no reader can see half a value, and nobody waits for anybody. Fields
are grouped in slots of 64 bytes (a cache line), so that writers do not slow each other down.
All times are CLOCK_MONOTONIC nanoseconds of this boot, which every process here shares.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from typing import Self

_WORD = 8
_SLOT = 8
"""Words in a slot."""

_MAGIC = 0x5154424F41524431  # "QTBOARD1": the layout below
_HEADER_MAGIC, _HEADER_HOSTS, _HEADER_PLUGINS, _HEADER_SUPERVISOR_BEAT = range(4)
_HOST_LOOP_BEAT, _HOST_THREAD_BEAT, _HOST_INCARNATION, _HOST_RUNNING = range(4)
_PLUGIN_LEASE, _PLUGIN_PROGRESS, _PLUGIN_PROGRESS_NS, _PLUGIN_AS_OF_MS = range(4)


class Board:
    """Typed access to the shared page; the supervisor creates it, hosts attach to its descriptor."""

    __slots__ = ("_fd", "_first_plugin", "_map", "_words", "hosts", "plugins")

    def __init__(self, fd: int, hosts: int, plugins: int) -> None:
        self.hosts = hosts
        self.plugins = plugins
        self._fd = fd
        self._first_plugin = 1 + hosts
        self._map = mmap.mmap(fd, _size(hosts, plugins))
        # A cast memoryview stores native words in one move; struct's explicit "<q" writes byte by byte.
        self._words = memoryview(self._map).cast("q")

    @classmethod
    def create(cls, hosts: int, plugins: int) -> Self:
        """A new zeroed board with room for so many hosts and plugins."""
        fd = os.memfd_create("qt-board", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(fd, _size(hosts, plugins))
        # Without the seals a host could shrink the page and so kill the supervisor with SIGBUS.
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        board = cls(fd, hosts, plugins)
        board._words[_HEADER_HOSTS] = hosts
        board._words[_HEADER_PLUGINS] = plugins
        board._words[_HEADER_MAGIC] = _MAGIC
        return board

    @classmethod
    def attach(cls, fd: int) -> Self:
        """The board behind an inherited descriptor, which the board then owns.

        Raises ValueError when the descriptor holds something else.
        """
        header = os.pread(fd, 3 * _WORD, 0)
        magic, hosts, plugins = memoryview(header).cast("q") if len(header) == 3 * _WORD else (0, 0, 0)
        if magic != _MAGIC:
            raise ValueError(f"descriptor {fd} is not a board of this version; host and supervisor must be one release")
        return cls(fd, hosts, plugins)

    def fileno(self) -> int:
        """The descriptor to hand to a host."""
        return self._fd

    def close(self) -> None:
        """Unmap the page and close the descriptor; the board must not be used any more."""
        self._words.release()
        self._map.close()
        os.close(self._fd)

    # --- the supervisor's beat ------------------------------------------------------------------

    def beat_supervisor(self, ns: int) -> None:
        """Say that the supervisor lives; plugins' leases depend on it."""
        self._words[_HEADER_SUPERVISOR_BEAT] = ns

    def supervisor_beat(self) -> int:
        """When the supervisor last beat; 0 = never."""
        return self._words[_HEADER_SUPERVISOR_BEAT]

    # --- host slots -----------------------------------------------------------------------------

    def clear_host(self, host: int) -> None:
        """Forget the last incarnation (supervisor, before it spawns the next)."""
        at = self._host(host)
        for word in range(_SLOT):
            self._words[at + word] = 0

    def claim_host(self, host: int, incarnation: int) -> None:
        """Say which incarnation beats here from now on (host, once)."""
        self._words[self._host(host) + _HOST_INCARNATION] = incarnation

    def incarnation(self, host: int) -> int:
        """Which incarnation beats here; 0 = none yet."""
        return self._words[self._host(host) + _HOST_INCARNATION]

    def beat_loop(self, host: int, ns: int) -> None:
        """Say that the host's event loop turns."""
        self._words[self._host(host) + _HOST_LOOP_BEAT] = ns

    def loop_beat(self, host: int) -> int:
        """When the event loop last turned; 0 = never."""
        return self._words[self._host(host) + _HOST_LOOP_BEAT]

    def beat_thread(self, host: int, ns: int) -> None:
        """Say that the host's interpreter can switch threads."""
        self._words[self._host(host) + _HOST_THREAD_BEAT] = ns

    def thread_beat(self, host: int) -> int:
        """When the beat thread last ran; 0 = never."""
        return self._words[self._host(host) + _HOST_THREAD_BEAT]

    def set_running(self, host: int, plugin: int | None) -> None:
        """Note whose code the loop is about to run: a hint for evidence, not a fact."""
        self._words[self._host(host) + _HOST_RUNNING] = 0 if plugin is None else plugin + 1

    def running(self, host: int) -> int | None:
        """The plugin slot noted last, if any."""
        noted = self._words[self._host(host) + _HOST_RUNNING]
        return noted - 1 if noted else None

    # --- plugin slots ---------------------------------------------------------------------------

    def set_lease(self, plugin: int, generation: int) -> None:
        """Make `generation` the only one that may act (supervisor)."""
        self._words[self._plugin(plugin) + _PLUGIN_LEASE] = generation

    def lease(self, plugin: int) -> int:
        """The generation that may act; 0 = none."""
        return self._words[self._plugin(plugin) + _PLUGIN_LEASE]

    def note_progress(self, plugin: int, n: int, ns: int) -> None:
        """Count `n` more units of work done at `ns`; only the plugin's own host may call this."""
        at = self._plugin(plugin)
        self._words[at + _PLUGIN_PROGRESS] += n
        self._words[at + _PLUGIN_PROGRESS_NS] = ns

    def progress_count(self, plugin: int) -> int:
        """Units of work since the board was made; grows over generations."""
        return self._words[self._plugin(plugin) + _PLUGIN_PROGRESS]

    def progress_ns(self, plugin: int) -> int:
        """When work was last noted; 0 = never."""
        return self._words[self._plugin(plugin) + _PLUGIN_PROGRESS_NS]

    def set_data_as_of(self, plugin: int, ms: int) -> None:
        """Note how old the newest data worked on is, as Unix milliseconds of its own clock."""
        self._words[self._plugin(plugin) + _PLUGIN_AS_OF_MS] = ms

    def data_as_of_ms(self, plugin: int) -> int | None:
        """The newest data's time as Unix milliseconds, if any was noted."""
        return self._words[self._plugin(plugin) + _PLUGIN_AS_OF_MS] or None

    # --------------------------------------------------------------------------------------------

    def _host(self, index: int) -> int:
        if not 0 <= index < self.hosts:
            raise IndexError(f"host slot {index} is not on this board of {self.hosts} hosts")
        return (1 + index) * _SLOT

    def _plugin(self, index: int) -> int:
        if not 0 <= index < self.plugins:
            raise IndexError(f"plugin slot {index} is not on this board of {self.plugins} plugins")
        return (self._first_plugin + index) * _SLOT


def _size(hosts: int, plugins: int) -> int:
    return (1 + hosts + plugins) * _SLOT * _WORD
