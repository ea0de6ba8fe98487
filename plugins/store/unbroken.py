"""Database work that a cancellation of whoever asked for it does not break in the middle.

A task that is cancelled twice while SQLAlchemy gives an aiosqlite connection up (once by a stop, once by
its task group) leaves a closing task that never ends: `terminate` closes the connection's thread, and the
graceful close that is still on its way waits for that thread for ever (SQLAlchemy 2.1, aiosqlite 0.22).
So each piece of work runs in a task of its own, which nobody but the end of the process cancels.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncEngine

P = ParamSpec("P")
T = TypeVar("T")


class HasEngine(Protocol):
    """Whatever works on one engine."""

    _engine: AsyncEngine


H = TypeVar("H", bound=HasEngine)

_at_work: WeakKeyDictionary[AsyncEngine, set[asyncio.Task[Any]]] = WeakKeyDictionary()


def unbroken(
    method: Callable[Concatenate[H, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[H, P], Coroutine[Any, Any, T]]:
    """Let a method over an engine go on to its end when its caller is cancelled meanwhile."""

    @wraps(method)
    async def run(self: H, /, *args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.get_running_loop().create_task(method(self, *args, **kwargs), name=method.__qualname__)
        tasks = _at_work.setdefault(self._engine, set())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return await asyncio.shield(task)

    return run


async def ended(engine: AsyncEngine, close: Callable[[], None]) -> None:
    """Wait until no work on this engine is left, call `close` and close its connections; not broken either."""
    await asyncio.shield(asyncio.get_running_loop().create_task(_dispose(engine, close), name="close the history"))


async def _dispose(engine: AsyncEngine, close: Callable[[], None]) -> None:
    if tasks := _at_work.get(engine):
        await asyncio.wait(tasks)
    close()
    await engine.dispose()
