"""Which tasks and worker threads belong to which plugin generation, so that an end is a real end."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")

MAX_THREADS = 16
"""Worker threads that one generation's `def` hooks may use at once."""

_owner: contextvars.ContextVar[Belongings | None] = contextvars.ContextVar("qt_generation", default=None)
_sparing: contextvars.ContextVar[bool] = contextvars.ContextVar("qt_uncancelled", default=False)


class Belongings:
    """Everything one generation has running: tasks are cancelled once; threads and what must not break are awaited."""

    def __init__(self, name: str, base: contextvars.Context) -> None:
        self.name = name
        self._base = base
        self._tasks: set[asyncio.Task[Any]] = set()
        self._spared: set[asyncio.Task[Any]] = set()
        self._threads: set[asyncio.Future[Any]] = set()
        # Its own, so that hung threads of one plugin never use up those of another.
        self._limiter = anyio.CapacityLimiter(MAX_THREADS)
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def left(self) -> tuple[str, ...]:
        """Names of what still runs."""
        threads = ["a worker thread"] * len(self._threads)
        return (*sorted(task.get_name() for task in self._tasks | self._spared), *threads)

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run `work` as a task of this generation, in a context free of the caller's."""
        context = self._base.copy()
        context.run(_owner.set, self)
        task = asyncio.get_running_loop().create_task(work, name=f"{self.name} {name}", context=context)
        self.adopt(task)
        return task

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Count a task among this generation's."""
        if task not in self._tasks:
            self._tasks.add(task)
            self._empty.clear()
            task.add_done_callback(self._gone)

    def spare(self, task: asyncio.Task[Any]) -> None:
        """Count a task among this generation's that is awaited and never cancelled."""
        self._spared.add(task)
        self._empty.clear()
        task.add_done_callback(self._gone)

    def adopt_thread(self, future: asyncio.Future[Any]) -> None:
        """Count the thread behind `future` among this generation's."""
        self._threads.add(future)
        self._empty.clear()
        future.add_done_callback(self._gone)

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Run `function` in a worker thread; when the waiting is cancelled, the thread goes on and still counts."""
        work = anyio.to_thread.run_sync(function, abandon_on_cancel=True, limiter=self._limiter)
        thread = asyncio.ensure_future(work)
        self._tasks.discard(thread)
        self.adopt_thread(thread)
        return await asyncio.shield(thread)

    def cancel(self) -> None:
        """Cancel every task, once: a task that swallows it is left to the supervisor, not fought with."""
        for task in tuple(self._tasks):
            task.cancel()

    async def gone(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing runs any more; False when `timeout_s` passed first."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    def _gone(self, future: asyncio.Future[Any]) -> None:
        self._tasks.discard(future)
        self._spared.discard(future)
        self._threads.discard(future)
        if not future.cancelled():
            future.exception()  # looked at, so that asyncio does not report it as forgotten
        if not self._tasks and not self._spared and not self._threads:
            self._empty.set()


def uncancelled(work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
    """Run `work`, which must be short, as a task that the plugin's stop waits for and does not cancel.

    The same holds for every task that it makes. Whoever awaits the task shields it; otherwise a cancellation of
    that one is passed on.
    """
    context = contextvars.copy_context()
    context.run(_sparing.set, True)
    return asyncio.get_running_loop().create_task(work, name=name, context=context)


def task_factory(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    """For `loop.set_task_factory`: each task joins the generation in whose context it was made."""
    task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **options)
    context: contextvars.Context | None = options.get("context")
    owner = _owner.get() if context is None else context.get(_owner)
    if owner is not None:
        spared = _sparing.get() if context is None else context.get(_sparing)
        (owner.spare if spared else owner.adopt)(task)
    return task


class OwnedThreads(ThreadPoolExecutor):
    """For `loop.set_default_executor`: work given by `asyncio.to_thread` joins its generation too."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run `fn` in a thread."""
        future = super().submit(partial(fn, *args, **kwargs))
        owner = _owner.get()
        if owner is not None:
            owner.adopt_thread(asyncio.wrap_future(future))
        return future
