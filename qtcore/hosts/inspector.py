"""Looks at plugins without starting them: `python -m qtcore.hosts.inspector`.

Reads an InspectionOrder on standard input and writes one Inspected per line as each is done. Every
plugin is imported in a forked child of its own, under a deadline, so that a module that hangs,
crashes or ends the process costs only itself and is named.
"""

from __future__ import annotations

import faulthandler
import gc
import hashlib
import importlib
import os
import re
import selectors
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from qtcore.config.declarations import Unloadable, manifest_of
from qtcore.config.inspected import LIMIT_S, Inspected, InspectionOrder, InspectionRequest, SettingsMisfit
from qtcore.config.loading import is_installed, load_class, loaded_files
from qtcore.config.manifest import LoadFailure, Manifest
from qtcore.config.shape import misfits
from qtcore.plugin import Check, Settings

_GRACE_S = 1.0
"""What the child's own watchdog gets before it is killed from outside."""

_CHUNK = 65_536


def main() -> None:
    """Serve one order."""
    order = InspectionOrder.model_validate_json(sys.stdin.buffer.read())
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a plugin prints must not mix with the answers
    _preload(order.preload)
    gc.freeze()
    for inspected in inspect_all(order.requests, at_once=len(os.sched_getaffinity(0))):
        answers.write(inspected.model_dump_json().encode() + b"\n")
        answers.flush()


def _preload(modules: Iterable[str]) -> None:
    """Import what several plugins share; what cannot be imported here is told by the plugin that needs it.

    A module that hangs ends the whole inspector; the caller asks again without preloading.
    """
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - a module may raise anything while it is imported
            sys.stderr.write(f"{module} could not be preloaded: {error!r}\n")
    faulthandler.cancel_dump_traceback_later()


def inspect_all(requests: Iterable[InspectionRequest], *, at_once: int) -> Iterable[Inspected]:
    """Look at each plugin in its own child, at most `at_once` together; yields in order of completion."""
    waiting = list(reversed(list(requests)))
    selector = selectors.DefaultSelector()
    with selector:
        while waiting or selector.get_map():
            while waiting and len(selector.get_map()) < at_once:
                child = _Child.fork(waiting.pop())
                selector.register(child.pipe, selectors.EVENT_READ, child)
            children: list[_Child] = [key.data for key in selector.get_map().values()]
            readable = selector.select(max(0.0, min(child.deadline_s for child in children) - time.monotonic()))
            for key, _ in readable:
                key.data.read()
            for child in children:
                if child.is_done():
                    selector.unregister(child.pipe)
                    yield child.result()


@dataclass(slots=True)
class _Child:
    """One forked inspection and what it has said so far."""

    request: InspectionRequest
    pid: int
    pipe: int
    stacks: IO[bytes]
    deadline_s: float
    said: bytearray = field(default_factory=bytearray)
    ended: bool = False

    @classmethod
    def fork(cls, request: InspectionRequest) -> _Child:
        reading, writing = os.pipe()
        stacks = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the result
        pid = os.fork()
        if pid == 0:
            _run_child(request, writing, stacks)
        os.close(writing)
        return cls(request, pid, reading, stacks, time.monotonic() + request.limit_s + _GRACE_S)

    def read(self) -> None:
        chunk = os.read(self.pipe, _CHUNK)
        self.said += chunk
        self.ended = not chunk

    def is_done(self) -> bool:
        return self.ended or time.monotonic() >= self.deadline_s

    def result(self) -> Inspected:
        """Reap the child and tell what became of it."""
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.pipe)
        with self.stacks:
            if status == 0 and self.said:
                return Inspected.model_validate_json(bytes(self.said))
            return _unreadable(self.request, self._why(os.waitstatus_to_exitcode(status)))

    def _why(self, code: int) -> LoadFailure:
        self.stacks.seek(0)
        stack = self.stacks.read().decode(errors="replace")
        if stack or not self.ended:
            file, line = _innermost(stack)
            sentence = (
                f"importing it takes longer than {self.request.limit_s:g} s; do slow work in start, not at import"
            )
            return LoadFailure(code="hang", sentence=sentence, file=file, line=line)
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return LoadFailure(
            code="died", sentence=f"importing it ended the process with {how}; nothing may exit at import"
        )


def _innermost(stack: str) -> tuple[str | None, int | None]:
    """File and line of the most recent frame of nobody else's code, from a faulthandler dump."""
    frames = re.findall(r'File "([^<].*?)", line (\d+)', stack)
    own = [frame for frame in frames if not is_installed(frame[0])] or frames
    return (own[0][0], int(own[0][1])) if own else (None, None)


def _run_child(request: InspectionRequest, writing: int, stacks: IO[bytes]) -> None:
    """Never returns. The watchdog is a C thread: it works even when a module holds the GIL."""
    code = 1
    try:
        faulthandler.dump_traceback_later(request.limit_s, exit=True, file=stacks)
        answer = inspect_one(request).model_dump_json().encode()
        faulthandler.cancel_dump_traceback_later()
        view = memoryview(answer)
        while view:
            view = view[os.write(writing, view) :]
        code = 0
    finally:
        os._exit(code)


def inspect_one(request: InspectionRequest) -> Inspected:
    """Import, describe and check one plugin in this very process."""
    try:
        cls = load_class(request.use)
        manifest = manifest_of(cls, name=request.name, use=request.use)
    except Unloadable as error:
        return _unreadable(request, error.failure)
    files = {file: _digest(file) for file in loaded_files(request.use.partition(":")[0])}
    check = Check(request.mode)
    misfits_found = tuple(_settings_misfits(cls.settings_type(), request, check))
    content = hashlib.sha256("".join(sorted(files.values())).encode()).hexdigest()
    return Inspected(
        manifest=manifest.model_copy(update={"content_hash": content}),
        misfits=misfits_found,
        files=files,
        looked_around=check.asked,
    )


def _settings_misfits(settings: type[Settings], request: InspectionRequest, check: Check) -> Iterable[SettingsMisfit]:
    try:
        settings.model_validate(request.settings, context=check)
    except ValidationError as error:
        for misfit in misfits(error, settings):
            yield SettingsMisfit(
                location=misfit.location, sentence=misfit.sentence, about_key=misfit.about_key, code=misfit.code
            )


def _digest(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _unreadable(request: InspectionRequest, failure: LoadFailure) -> Inspected:
    return Inspected(manifest=Manifest(name=request.name, use=request.use, failure=failure))


if __name__ == "__main__":
    main()
