"""A plugin that tells everybody another address of the venue while a file in the home folder names one."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import anyio

from plugins.domain import Mode, VenueAddress
from qtcore import Context, Health, NoSettings, Plugin, every, hookimpl

LOOK_EVERY_S = 0.05


class Detour(Plugin[NoSettings]):
    """Publishes another address of the venue while `detour.txt` names one, then the true one again."""

    reads: ClassVar = [VenueAddress]
    writes: ClassVar = [VenueAddress]
    cadence_s = 2.0

    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        """Follow the file."""
        async with ctx.subscribe(VenueAddress) as addresses:
            true = await anext(aiter(addresses))
            ctx.ready()
            said = ""
            while True:
                told = _read(ctx.home / "detour.txt")
                if told != said:
                    said = told
                    await ctx.publish(
                        VenueAddress(Mode.PAPER, told or true.origin, "a detour" if told else true.description)
                    )
                await anyio.sleep(LOOK_EVERY_S)

    @every(1.0)
    async def look(self, ctx: Context[NoSettings]) -> None:
        """It is at work as long as it looks."""
        ctx.progress("looks")

    @hookimpl
    async def health(self) -> Health:
        """It has no opinion of its own."""
        return Health.healthy("follows its file")


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
