"""The interpreter as a host needs it: no long pause for one plugin because of another's objects or threads."""

from __future__ import annotations

import gc
import sys

import anyio

SWITCH_INTERVAL_S = 0.0005
"""How long a busy thread may keep the interpreter from another. With Python's 5 ms a database's thread, which gives
it up at each step, can take five times as many milliseconds as it has steps while the loop is busy."""

YOUNG_OBJECTS = 5_000
"""How many new objects start a collection; a burst of messages would start one with every few of them."""

SETTLED_AFTER_S = 15.0
"""After this a host has loaded what it will keep: modules, histories, schemas."""


def prepare() -> None:
    """Set this process's interpreter up."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


async def settle() -> None:
    """Spare the collector what the host has loaded by then: it would stop everything for tens of milliseconds."""
    await anyio.sleep(SETTLED_AFTER_S)
    gc.freeze()
