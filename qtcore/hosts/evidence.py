"""What is known about a host that must be given up, taken before it is killed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio

from qtcore.hosts import proc
from qtcore.hosts.birth import DUMP_SIGNAL
from qtcore.hosts.channel import shorten
from qtcore.hosts.proc import ProcFacts
from qtcore.hosts.process import HostProcess
from qtcore.hosts.watch import Verdict

DUMP_WITHIN_S = 0.2
"""How long the stacks may take; then the host is killed without them."""

_LOOK_EVERY_S = 0.004
_MAX_STACKS = 20_000
_MAX_LINES = 40

_THREAD = re.compile(r"^(Current thread|Thread) (0x[0-9a-f]+)")
_FRAME = re.compile(r'^  File "(.*)", line (\d+|\?\?\?) in (.+)$')


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a stack."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Stack:
    """One thread's frames, the innermost first."""

    thread: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a host was given up, in a form that can be recorded.

    `stacks` is faulthandler's text (bounded), empty where the process could not write it.
    `output` is the end of what the host printed; it may hold secrets, so redact it before it leaves the machine.
    """

    kind: str
    culprit: str | None
    stacks: str
    facts: ProcFacts | None
    output: tuple[str, ...]


async def take(process: HostProcess, kind: Verdict, modules: Mapping[str, str]) -> Evidence:
    """Ask a living host for its stacks and read the rest from outside, within DUMP_WITHIN_S.

    `modules` maps each plugin of the host to its module file. A stopped process cannot answer and
    is never continued: its state is all there is.
    """
    facts = proc.facts(process.pid)
    stacks = ""
    if facts is not None and not facts.stopped and not facts.traced and process.beats_once():
        stacks = await _dump(process)
    return _evidence(process, str(kind), stacks, facts, modules)


def post_mortem(process: HostProcess, modules: Mapping[str, str]) -> Evidence:
    """What a host left behind that died by itself: the stacks of a fatal signal and its last output."""
    return _evidence(process, "died", process.read_evidence(), None, modules)


def _evidence(
    process: HostProcess, kind: str, stacks: str, facts: ProcFacts | None, modules: Mapping[str, str]
) -> Evidence:
    found = culprit(parse(stacks), modules, process.entered_last())
    return Evidence(kind, found, shorten(stacks, _MAX_STACKS), facts, process.output.tail(_MAX_LINES))


async def _dump(process: HostProcess) -> str:
    """The stacks, once the file has stopped growing or time is up."""
    before = process.evidence_size()
    process.send_signal(DUMP_SIGNAL)
    last = before
    with anyio.move_on_after(DUMP_WITHIN_S):
        while True:
            await anyio.sleep(_LOOK_EVERY_S)
            size = process.evidence_size()
            if size == last > before or process.end is not None:
                break
            last = size
    return process.read_evidence(before)


def parse(text: str) -> tuple[Stack, ...]:
    """The stacks in faulthandler's text, in its order (the main thread last)."""
    stacks: list[tuple[str, list[Frame]]] = []
    for line in text.splitlines():
        if thread := _THREAD.match(line):
            stacks.append((thread[2], []))
        elif stacks and (frame := _FRAME.match(line)):
            number = int(frame[2]) if frame[2].isdigit() else 0
            stacks[-1][1].append(Frame(frame[1], number, frame[3]))
    return tuple(Stack(thread, tuple(frames)) for thread, frames in stacks)


def culprit(stacks: Iterable[Stack], modules: Mapping[str, str], entered_last: str | None = None) -> str | None:
    """The plugin whose code is innermost in the main thread, else in any other thread.

    Where several plugins share that code, it is the one whose code was entered last, if that is one of them.
    """
    for stack in reversed([*stacks]):
        for frame in stack.frames:
            if plugins := owners(frame.file, modules):
                return plugins[0] if len(plugins) == 1 else entered_last if entered_last in plugins else None
    return None


def owners(file: str, modules: Mapping[str, str]) -> list[str]:
    """The plugins that a source file belongs to: their module, or the folder that is one's own."""
    if same := [plugin for plugin, module in modules.items() if file == module]:
        return same
    for plugin, module in modules.items():
        path = Path(module)
        own_folder = path.name == "__init__.py" or path.parent.name == plugin
        if own_folder and file.startswith(f"{path.parent}/"):
            return [plugin]
    return []
