"""The kernel at work: the one place where its state changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio

from qtcore.kernel.commands import Command, SpawnHost
from qtcore.kernel.events import Event, Tick
from qtcore.kernel.specification import Plan
from qtcore.kernel.state import State
from qtcore.kernel.step import step

Clock = Callable[[], float]


class Machine:
    """Feeds events to the kernel one at a time and hands its commands out in order.

    `carry_out` must not wait: it starts tasks, sends datagrams and appends to the journal. An
    event told while a command is being carried out is stepped right after it.
    """

    def __init__(self, plan: Plan, state: State, *, clock: Clock, carry_out: Callable[[Command], None]) -> None:
        self.plan = plan
        self.state = state
        self._clock = clock
        self._carry_out = carry_out
        self._inbox: deque[Event] = deque()
        self._stepping = False
        self._moved = anyio.Event()
        self._awaited: float | None = None

    @property
    def busy(self) -> bool:
        """An event is being carried out at this moment."""
        return self._stepping

    def tell(self, event: Event) -> None:
        """Step the kernel with `event` and carry out what follows."""
        self._inbox.append(event)
        if self._stepping:
            return
        self._stepping = True
        try:
            while self._inbox:
                self._step(self._inbox.popleft())
        finally:
            self._stepping = False
            if self.state.next_deadline != self._awaited:
                self._moved.set()

    def _step(self, event: Event) -> None:
        self.state, commands = step(self.plan, self.state, event, self._clock())
        # A process that comes up meanwhile is worth more than the order in which things are written down.
        for command in sorted(commands, key=lambda command: not isinstance(command, SpawnHost)):
            self._carry_out(command)

    async def keep_time(self) -> None:
        """Tell the kernel `Tick` whenever its next deadline has come; sleeps otherwise."""
        while True:
            self._moved = anyio.Event()
            deadline = self._awaited = self.state.next_deadline
            wait_s = None if deadline is None else deadline - self._clock()
            if wait_s is not None and wait_s <= 0:
                self.tell(Tick())
                await anyio.lowlevel.checkpoint()
                continue
            with anyio.move_on_after(wait_s):
                await self._moved.wait()
