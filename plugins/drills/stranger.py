"""A plugin of a stranger that goes wrong when a file in the home folder tells it to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio

from qtcore import Context, Health, NoSettings, Plugin, every, hookimpl

LOOK_EVERY_S = 0.05


class Fixed:
    """What a stranger calls with arguments that it does not take."""

    def __init__(self, size: int) -> None:
        self.size = size


class Stranger(Plugin[NoSettings]):
    """Does what `stranger.txt` says: `type_error`, `always_fails`, `return_once`, `sensor_fails`, `says NAME VALUE`."""

    cadence_s = 2.0

    def __init__(self) -> None:
        self._file = Path()

    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        """Look at the file all the time; one that is there at the start strikes before it is ready."""
        self._file = ctx.home / "stranger.txt"
        self._strike()
        ctx.ready()
        while True:
            await anyio.sleep(LOOK_EVERY_S)
            if self._strike():
                return

    @every(1.0)
    async def look(self, ctx: Context[NoSettings]) -> None:
        """It is at work as long as it looks."""
        ctx.progress("looks")

    @hookimpl
    async def health(self) -> Health:
        """Well, unless the file says something about it."""
        match self._told().split():
            case ["sensor_fails"]:
                raise RuntimeError("rehearsed: the sensor is broken")
            case ["says", name, value]:
                facts: dict[str, Any] = {name: value}
                return Health.healthy("has an opinion of its own", **facts)
            case _:
                return Health.healthy("looks at its file")

    def _strike(self) -> bool:
        """Whether the life is over."""
        match self._told():
            case "type_error":
                made: Any = Fixed
                made(check_interval=60)
            case "always_fails":
                raise RuntimeError("rehearsed: this plugin fails whenever it is started")
            case "return_once":
                self._file.unlink(missing_ok=True)
                return True
            case _:
                pass
        return False

    def _told(self) -> str:
        try:
            return self._file.read_text().strip()
        except OSError:
            return ""
