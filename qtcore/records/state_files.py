"""Writing state files: one writer, each replaced as a whole."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from qtcore.records.atomic import sync
from qtcore.records.state_file import StateFile
from qtcore.records.state_reader import SUFFIX, is_state_file

_TEMPORARY: Final = ".new"

Step = Callable[[str], None]


def no_step(_: str) -> None:
    """Between the steps of a replacement nothing happens, except in tests."""


class StateFiles:
    """The projection of each plugin's state into `state/<plugin>.json`.

    `publish` costs well under a millisecond and never raises for the disk's sake (see `problem`).
    Nothing waits for a state file and nothing but people and outsiders reads one, so they are not
    synced unless `durable`; a rename alone already keeps a reader from seeing half a file.
    """

    def __init__(self, folder: Path, *, durable: bool = False, step: Step = no_step) -> None:
        self._folder = folder
        self._durable = durable
        self._step = step
        self._renew_at: dict[str, float] = {}
        self._produced: dict[str, float] = {}
        self._problem: str | None = None
        self._turn = threading.Lock()

    @property
    def problem(self) -> str | None:
        """Why the last file could not be written; None while all is well."""
        return self._problem

    def rebuild(self, plugins: Iterable[str]) -> None:
        """At start: drop half-written files and those of plugins that are configured no more.

        Files of the named plugins stay (expired, hence read as unknown) until they are published;
        what is not ours stays too, and readers say so.
        """
        kept = {plugin + SUFFIX for plugin in plugins}
        for path in self._folder.iterdir():
            if path.name.endswith(_TEMPORARY) or (path.name not in kept and is_state_file(path)):
                path.unlink()

    def publish(self, state: StateFile) -> None:
        """Replace the plugin's file now; from any thread, one at a time."""
        with self._turn:
            self._publish(state)

    def _publish(self, state: StateFile) -> None:
        path = self._folder / (state.plugin + SUFFIX)
        produced, limit = state.produced_at.monotonic_s, state.valid_until.monotonic_s
        if produced < self._produced.get(state.plugin, produced):
            return  # a newer one was written while this one waited for its turn
        self._produced[state.plugin] = produced
        self._renew_at[state.plugin] = produced + (limit - produced) / 2
        try:
            self._replace(path, state.model_dump_json(indent=1).encode() + b"\n")
            self._problem = None
        except OSError as error:
            self._problem = f"the state file {path} cannot be written ({error.strerror}); free space on its disk"

    def due(self, monotonic_s: float) -> tuple[str, ...]:
        """The plugins whose file has passed half of its validity and must be published again."""
        return tuple(plugin for plugin, at in self._renew_at.items() if at <= monotonic_s)

    def next_due_s(self) -> float | None:
        """The monotonic time at which `due` will next name a plugin."""
        return min(self._renew_at.values(), default=None)

    def _replace(self, path: Path, content: bytes) -> None:
        temporary = path.with_name(f".{path.name}{_TEMPORARY}")
        self._folder.mkdir(mode=0o700, exist_ok=True)  # somebody may have deleted it under us
        self._step("open")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            self._step("opened")
            if os.write(descriptor, content) < len(content):  # a disk that fills up takes a part without complaint
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(temporary))
            self._step("written")
            if self._durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._step("rename")
        temporary.rename(path)
        self._step("renamed")
        if self._durable:
            sync(self._folder)
