"""Database work that a cancellation of whoever asked for it does not break in the middle.

A task that is cancelled twice while SQLAlchemy gives an aiosqlite connection up (once by a stop, once by
its task group) leaves a closing task that never ends: `terminate` closes the connection's thread, and the
graceful close that is still on its way waits for that thread for ever (SQLAlchemy 2.1, aiosqlite 0.22).
One cancelled while it gets a connection leaves that one checked out. So each piece of work runs in a task
of its own, which a plugin's stop waits for and does not cancel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncEngine

from qtcore import uncancelled

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
        return await carried_through(self._engine, method(self, *args, **kwargs), method.__qualname__)

    return run


async def carried_through(engine: AsyncEngine, work: Coroutine[Any, Any, T], name: str) -> T:
    """Let `work` on an engine go on to its end when whoever asked for it is cancelled meanwhile."""
    task = uncancelled(work, name)
    tasks = _at_work.setdefault(engine, set())
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return await asyncio.shield(task)


async def ended(engine: AsyncEngine, close: Callable[[], None]) -> None:
    """Wait until no work on this engine is left, call `close` and close its connections; not broken either."""
    await asyncio.shield(uncancelled(_dispose(engine, close), "close the history"))


async def _dispose(engine: AsyncEngine, close: Callable[[], None]) -> None:
    while tasks := _at_work.get(engine):
        await asyncio.wait(tasks)
    close()
    await engine.dispose()
