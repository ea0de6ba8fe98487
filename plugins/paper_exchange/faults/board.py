"""Which faults are on, how much of each is left, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol, TypeVar

from plugins.paper_exchange.faults.kinds import BaseFault, Fault

F = TypeVar("F", bound=BaseFault)

Effect = AbstractAsyncContextManager[None]


class Effects(Protocol):
    """What faults do to the venue while they are on; most are only asked for where they strike, and have none."""

    def effect_of(self, active: Active) -> Effect | None:
        """What begins with the fault and ends with it."""
        ...


@dataclass(slots=True)
class Active:
    """A fault that is on."""

    number: int
    fault: Fault
    began_s: float
    ends_s: float | None
    left: int | None
    effect: Effect | None = field(default=None, repr=False)

    def is_over(self, now_s: float) -> bool:
        return (self.left is not None and self.left < 1) or (self.ends_s is not None and now_s >= self.ends_s)


class Board:
    """The faults that are on. `run` ends those whose time is over; nobody needs to look."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._effects: Effects | None = None
        self._active: list[Active] = []
        self._numbers = count(1)
        self._changed = asyncio.Event()

    def bind(self, effects: Effects) -> None:
        """Say who carries out what faults do to the venue itself."""
        self._effects = effects

    async def inject(self, fault: Fault) -> Active:
        """Begin a fault; one that happens at once is over when this returns. Raises whatever its effect raises."""
        now_s = self._now_s()
        ends_s = None if fault.bound_s is None else now_s + fault.bound_s
        active = Active(next(self._numbers), fault, now_s, ends_s, fault.bound_count)
        active.effect = self._effects.effect_of(active) if self._effects else None
        if active.effect is not None:
            await active.effect.__aenter__()
        if fault.at_once:
            await _leave(active)
        else:
            self._active.append(active)
            self._changed.set()
        return active

    async def clear(self, number: int | None = None) -> int:
        """End one fault, or all; returns how many that were."""
        ended = [active for active in self._active if number in (None, active.number)]
        await self._end(ended)
        return len(ended)

    def active(self) -> list[Active]:
        """The faults that are on, oldest first."""
        now_s = self._now_s()
        return [active for active in self._active if not active.is_over(now_s)]

    def seconds_left(self, active: Active) -> float | None:
        return None if active.ends_s is None else max(0.0, active.ends_s - self._now_s())

    def find(self, kind: type[F], fits: Callable[[F], bool] = lambda _: True) -> F | None:
        """The first fault of a kind that is on and fits, without using it up."""
        found = self._find(kind, fits)
        return None if found is None else found[1]

    def strike(self, kind: type[F], fits: Callable[[F], bool] = lambda _: True) -> F | None:
        """The same, using up one of its strikes."""
        found = self._find(kind, fits)
        if found is None:
            return None
        active, fault = found
        if active.left is not None:
            active.left -= 1
            self._changed.set()
        return fault

    def used_up(self) -> None:
        """Say that something else has counted a fault's strikes down."""
        self._changed.set()

    async def run(self) -> None:
        """End faults when their time comes, until cancelled."""
        async for _ in self._wakes():
            now_s = self._now_s()
            await self._end([active for active in self._active if active.is_over(now_s)])

    async def _wakes(self) -> AsyncIterator[None]:
        while True:
            self._changed.clear()
            yield
            ends = [active.ends_s for active in self._active if active.ends_s is not None]
            wait_s = max(0.0, min(ends) - self._now_s()) if ends else None
            try:
                await asyncio.wait_for(self._changed.wait(), wait_s)
            except TimeoutError:
                continue

    def _find(self, kind: type[F], fits: Callable[[F], bool]) -> tuple[Active, F] | None:
        if not self._active:
            return None
        now_s = self._now_s()
        for active in self._active:
            fault = active.fault
            if isinstance(fault, kind) and not active.is_over(now_s) and fits(fault):
                return active, fault
        return None

    async def _end(self, over: list[Active]) -> None:
        for active in over:
            self._active.remove(active)
        for active in over:
            await _leave(active)


async def _leave(active: Active) -> None:
    effect, active.effect = active.effect, None
    if effect is not None:
        await effect.__aexit__(None, None, None)
