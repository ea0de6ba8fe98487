"""What a plugin instance needs from the place it runs in: a host process, or `qtcore.testing`."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from opentelemetry.trace import Tracer

from qtcore.control.host_message import ToSupervisor
from qtcore.hosts.runtime.posture import PostureView
from qtcore.hosts.runtime.registration import HookRegister
from qtcore.messaging.bus import Bus
from qtcore.messaging.calls import CallDesk
from qtcore.messaging.clock import Clock


class Slot(Protocol):
    """A generation's place on the board that it shares with the supervisor."""

    def holds_lease(self) -> bool:
        """Whether this generation is still the one that may act."""
        ...

    def supervisor_silent_s(self) -> float:
        """Seconds since the supervisor's last beat."""
        ...

    def note_progress(self, n: int) -> None: ...
    def note_data_as_of(self, at: datetime) -> None: ...
    def note_entered(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside one instance that it may touch."""

    home: Path
    mode: str
    clock: Clock
    bus: Bus
    desk: CallDesk
    hooks: HookRegister
    posture: PostureView
    tracer: Tracer
    log: Callable[[str, int], object]
    """Makes the logger of (plugin, generation)."""
    report: Callable[[ToSupervisor], None]
    base: contextvars.Context
    """A context without any plugin's variables, from which plugin tasks start."""
