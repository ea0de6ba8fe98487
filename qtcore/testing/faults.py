"""Plugins that go wrong in one way each, for rehearsals and for tests of real processes.

Name one in `plugins.yaml` as `use: qtcore.testing.faults:BlocksLoop`. Faults that need a moment to
strike wait for their action (`qt call NAME.strike`) or for `after_s`.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from dataclasses import dataclass
from typing import Any

from pydantic import NonNegativeFloat, PositiveInt

from qtcore import (
    Context,
    Finding,
    FindingKind,
    Health,
    NeedsOperator,
    NoSettings,
    NotReady,
    Plugin,
    Remedy,
    Settings,
    Severity,
    action,
    hookimpl,
    topic,
)


class FaultSettings(Settings):
    """When the fault strikes, in real seconds after ready."""

    after_s: NonNegativeFloat = 0.0


class Healthy(Plugin[NoSettings]):
    """Starts at once and does nothing wrong."""

    @hookimpl
    async def start(self, ctx: Context[Any]) -> None:
        """Be ready and stay."""
        ctx.ready()
        await ctx.serve()

    @hookimpl
    async def health(self) -> Health:
        """All is well."""
        return Health.healthy("nothing to do")

    @action()
    async def pid(self, ctx: Context[Any]) -> int:
        """The process that it lives in."""
        ctx.progress("asked")
        return os.getpid()


class SlowStart(Plugin[FaultSettings]):
    """Is ready only after `after_s`."""

    @hookimpl
    async def start(self, ctx: Context[FaultSettings]) -> None:
        """Take its time."""
        await asyncio.sleep(ctx.settings.after_s)
        ctx.ready()
        await ctx.serve()


class CrashOnStart(Plugin[NoSettings]):
    """Raises before it is ready, every time."""

    @hookimpl
    async def start(self) -> None:
        """Fail."""
        raise RuntimeError("rehearsed: this plugin fails whenever it is started")


class WaitsForVenue(Plugin[FaultSettings]):
    """Says NotReady with `after_s` as its hint, every time."""

    @hookimpl
    async def start(self, ctx: Context[FaultSettings]) -> None:
        """Ask to be tried again."""
        raise NotReady("rehearsed: what it needs is not there yet", retry_after_s=ctx.settings.after_s)


class AsksOperator(Plugin[NoSettings]):
    """Says that only a person can help."""

    @hookimpl
    async def start(self) -> None:
        """Ask."""
        raise NeedsOperator("rehearsed: a key that only the operator has")


class RaisesAfter(Plugin[FaultSettings]):
    """Works for `after_s`, then raises."""

    @hookimpl
    async def start(self, ctx: Context[FaultSettings]) -> None:
        """Fail later."""
        ctx.ready()
        await asyncio.sleep(ctx.settings.after_s)
        raise RuntimeError(f"rehearsed: failed {ctx.settings.after_s:g} s after it was ready")


class ReturnsEarly(Plugin[FaultSettings]):
    """Returns from `start` although nobody stopped it."""

    @hookimpl
    async def start(self, ctx: Context[FaultSettings]) -> None:
        """Leave."""
        ctx.ready()
        await asyncio.sleep(ctx.settings.after_s)


class ExitsProcess(Plugin[FaultSettings]):
    """Ends its host process at once, as a crashing library would."""

    @hookimpl
    async def start(self, ctx: Context[FaultSettings]) -> None:
        """Work, then take the process along."""
        ctx.ready()
        await ctx.serve()

    @action(effect=True)
    async def strike(self, ctx: Context[FaultSettings], code: int = 3) -> None:
        """End the process."""
        ctx.log.warning("ending the process", code=code)
        os._exit(code)


class BlocksLoop(Healthy):
    """Sleeps on the event loop, so that everything else in its host stands still."""

    @action(effect=True)
    async def strike(self, ctx: Context[Any], seconds: float = 3600.0) -> str:
        """Block."""
        ctx.progress("struck")
        time.sleep(seconds)  # noqa: ASYNC251 - the fault
        return f"blocked for {seconds:g} s"


class HoldsGil(Healthy):
    """Runs a regular expression that never ends and never lets another thread run."""

    @action(effect=True)
    async def strike(self, ctx: Context[Any], letters: PositiveInt = 60) -> bool:
        """Hold on."""
        ctx.progress("struck")
        return re.match(r"(a+)+$", "a" * letters + "b") is None


class IgnoresCancel(Plugin[NoSettings]):
    """Cannot be stopped: swallows every cancellation."""

    @hookimpl
    async def start(self, ctx: Context[Any]) -> None:
        """Stay, whatever happens."""
        ctx.ready()
        while not getattr(self, "may_go", False):
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                ctx.log.warning("ignored being cancelled")


@topic()
@dataclass(frozen=True, slots=True)
class Drop:
    """One of very many."""

    n: int
    padding: str = ""


class FloodSettings(Settings):
    """How much to pour out per burst."""

    burst: PositiveInt = 100
    bytes_each: PositiveInt = 100


class Flood(Plugin[FloodSettings]):
    """Publishes without pause."""

    writes = [Drop]

    @hookimpl
    async def start(self, ctx: Context[FloodSettings]) -> None:
        """Pour."""
        ctx.ready()
        padding = "x" * ctx.settings.bytes_each
        n = 0
        while True:
            for _ in range(ctx.settings.burst):
                n += 1
                await ctx.publish(Drop(n, padding))
            ctx.progress("drops", ctx.settings.burst)
            await asyncio.sleep(0)


SICK = FindingKind(
    code="QT-REHEARSED-SICK",
    title="sick until healed",
    severity=Severity.MEDIUM,
    cause="somebody struck it, to rehearse what happens then",
    consequence="nothing: it only says so",
    fix="let it heal",
    verify="`qt status` shows {plugin} healthy",
    remedies=(Remedy.safe("heal", "cures it", "its health says that it is cured"),),
    healable=True,
)


class SickUntilHealed(Plugin[NoSettings]):
    """Is degraded, with a healable finding, until its `heal` has run."""

    def __init__(self) -> None:
        self.sick = True

    @hookimpl
    async def start(self, ctx: Context[Any]) -> None:
        """Be ready, though not well."""
        ctx.ready()
        await ctx.serve()

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Its one illness."""
        return (SICK,)

    @hookimpl
    async def health(self) -> Health:
        """Sick, or cured."""
        if not self.sick:
            return Health.healthy("cured")
        return Health.degraded("rehearsed: sick", SICK.found("rehearsed: sick until healed"))

    @hookimpl
    async def heal(self, finding: Finding) -> str:
        """Get well."""
        self.sick = False
        return f"took the cure for {finding.code}"

    @action(effect=True)
    async def strike(self, ctx: Context[Any]) -> None:
        """Fall ill again."""
        ctx.progress("fell ill")
        self.sick = True


class FailingSensor(Healthy):
    """Works, but its `health` raises."""

    @hookimpl
    async def health(self) -> Health:
        """Fail to say."""
        raise RuntimeError("rehearsed: the sensor is broken")
