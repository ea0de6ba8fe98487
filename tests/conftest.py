"""What holds for every test: it leaves nothing behind, and asyncio is the loop unless a folder says otherwise."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

SETTLE_S = 2.0
"""How long things that are ending may take to be gone."""

KEPT_THREADS = ("pytest-timeout", "Trio thread", "pytest_timeout")
"""Threads that a library keeps for reuse, by the start of their names."""

KEPT_FILES = ("/dev/urandom", "/dev/null", ".hypothesis", "/proc/")
"""Descriptors that a library opens once per process, by a part of what they point to."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several workers share the tests, a file stays whole, and whole nights begin and follow one another.

    Each of them fills a machine, so two at a time would judge the machine; the other tests go on beside them.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    items.sort(key=lambda item: "night" not in item.path.parts)
    for item in items:
        group = "nights" if "night" in item.path.parts else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@dataclass(frozen=True, slots=True)
class Paths:
    """Where this checkout and the material beside it live."""

    root: Path

    def shared(self, *parts: str) -> Path:
        """A file or folder of `../shared`; skips the test where that material is not there."""
        wanted = self.root.parent.joinpath("shared", *parts)
        if not wanted.exists():
            pytest.skip(f"{wanted} is not on this machine; this test needs the recorded material beside the checkout")
        return wanted


@pytest.fixture(scope="session")
def paths() -> Paths:
    """The repository root, and `paths.shared(...)` for the material beside it."""
    return Paths(Path(__file__).resolve().parent.parent)


@pytest.fixture
def anyio_backend() -> str:
    """Hosts run asyncio, so tests do; a folder's conftest may add trio."""
    return "asyncio"


def _open_files() -> dict[str, str]:
    found = {}
    for entry in list(Path("/proc/self/fd").iterdir()):
        try:
            target = str(entry.readlink())
        except FileNotFoundError:  # the listing's own descriptor
            continue
        if not any(part in target for part in KEPT_FILES):
            found[f"{entry.name} -> {target}"] = target
    return found


def _threads() -> dict[str, object]:
    return {
        f"{thread.name} ({thread.ident})": thread
        for thread in threading.enumerate()
        if not thread.name.startswith(KEPT_THREADS)
    }


def _children() -> dict[str, object]:
    found: dict[str, object] = {}
    for child in psutil.Process().children():
        try:
            found[f"pid {child.pid}: {' '.join(child.cmdline()) or child.name()} [{child.status()}]"] = child.pid
        except psutil.NoSuchProcess:
            continue
    return found


def _left_over(look: Callable[[], dict[str, object]], before: set[object]) -> list[str]:
    """What `look` still finds beyond `before` once it had time to go; compared by value, told by key."""

    def extra() -> list[str]:
        return [text for text, value in look().items() if value not in before and text not in before]

    if not extra():
        return []
    gc.collect()
    deadline = time.monotonic() + SETTLE_S
    while (left := extra()) and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    return left


def _snapshot(look: Callable[[], dict[str, object]]) -> set[object]:
    found = look()
    return {*found} if look is _open_files else {*found.values()}


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """Every descriptor, thread and child process that a test opened is gone after it."""
    looks: dict[str, Callable[[], dict[str, object]]] = {
        "open descriptors": _open_files,  # type: ignore[dict-item] # dict is invariant in its values
        "threads": _threads,
        "child processes": _children,
    }
    before = {what: _snapshot(look) for what, look in looks.items()}
    yield
    left = {what: _left_over(look, before[what]) for what, look in looks.items()}
    sentences = [f"{what}: {'; '.join(items)}" for what, items in left.items() if items]
    if sentences:
        pytest.fail("the test left behind " + " | ".join(sentences), pytrace=False)


def _of_the_runner(task: asyncio.Task[object]) -> bool:
    """Whether anyio's own test runner owns it: one task drives fixtures and test."""
    return "TestRunner" in getattr(task.get_coro(), "__qualname__", "")


@pytest.fixture
async def _tasks_ended() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    for _ in range(10):
        await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() - before if not task.done() and not _of_the_runner(task)]
    if left:
        pytest.fail("the test left tasks running: " + "; ".join(repr(task) for task in left), pytrace=False)


@pytest.fixture(autouse=True)
def _no_task_left_running(request: pytest.FixtureRequest, _nothing_left_behind: None) -> None:
    """Every asyncio task that a test started has ended with it."""
    if request.node.get_closest_marker("anyio") and "anyio_backend" in request.fixturenames:
        backend = request.getfixturevalue("anyio_backend")
        if backend == "asyncio" or backend[0] == "asyncio":
            request.getfixturevalue("_tasks_ended")
