"""The hooks and the action of the nets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from plugins.deep.kinds import ARTEFACT, KINDS, LIBRARY
from plugins.deep.settings import DeepSettings
from plugins.domain import MemberName, Standing
from plugins.learning.artefacts import ArtefactStore
from plugins.learning.artefacts.champions import Champions
from plugins.learning.ballots import told_of
from plugins.learning.ensemble import Ballot
from plugins.learning.members import NETS
from plugins.learning.windows_on_the_wire import PackedWindows, unpacked
from qtcore import Context, Finding, FindingKind, Health, NotReady, Plugin, action, hookimpl

Ctx = Context[DeepSettings]
T = TypeVar("T")


class Deep(Plugin[DeepSettings]):
    """Loads the nets' champions and judges one batch at a time; torch is imported with the first champion."""

    area = "AI system"
    cadence_s = 15.0

    def __init__(self) -> None:
        self._champions: Champions | None = None
        self._pool: ThreadPoolExecutor | None = None

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Load what there is, then look for what is new."""
        champions = Champions(ArtefactStore(ctx.home), NETS, threads=ctx.settings.threads)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="nets") as pool:
            self._pool = pool
            await self._in_turn(champions.refresh)
            self._champions = champions
            ctx.ready()
            while True:
                await asyncio.sleep(ctx.settings.look_every_s)
                for name in await self._in_turn(champions.refresh):
                    seat = champions.seats[name]
                    ctx.log.info("champion", member=name, artefact=seat.artefact[:12], standing=seat.standing)
                ctx.progress("looks")

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """By effect: every champion's files are whole, and it says of its canaries what it said when it was made."""
        champions = self._champions
        if champions is None:
            return Health.unknown("the champions are being loaded")
        await self._in_turn(champions.examine)
        facts: dict[str, Any] = {
            name: {"standing": str(seat.standing), "artefact": seat.artefact[:12], "reason": seat.reason}
            for name, seat in champions.seats.items()
        }
        ctx.fact(**facts)
        findings = [_lacking(name, reason) for name, reason in champions.lacking.items()]
        findings += [_damaged(name, reason) for name, reason in champions.damaged.items()]
        if findings:
            return Health.degraded(findings[0].summary, *findings, **facts)
        if not champions.voting:
            return Health.healthy("no net has been trained yet, so there is nothing to judge with", **facts)
        return Health.healthy(f"{' and '.join(champions.voting)} proven on their canaries", **facts)

    @hookimpl
    async def heal(self, ctx: Ctx, finding: Finding) -> str:
        """Go back to the last champion that is whole."""
        champions = self._ready()
        at = ctx.wall()
        done = await self._in_turn(lambda: champions.fall_back(who="deep", at=at))
        told = [
            f"{name}: {artefact[:12] or 'none is left, it must be trained anew'}" for name, artefact in done.items()
        ]
        return (
            f"went back to the last good champion of {', '.join(told)}" if told else f"{finding.code} is gone already"
        )

    @action(timeout_s=5.0)
    async def predict(self, ctx: Ctx, batch: PackedWindows) -> dict[str, Any]:
        """What each net says of these windows; read it with `plugins.learning.ballots.ballots_of`."""
        champions = self._ready()
        ballots = await self._in_turn(lambda: [_ballot(champions, name, batch) for name in champions.seats])
        ctx.progress("batches")
        return told_of(ballots)

    def _ready(self) -> Champions:
        if self._champions is None:
            raise NotReady("the champions are being loaded", retry_after_s=1.0)
        return self._champions

    async def _in_turn(self, work: Callable[[], T]) -> T:
        """In the one thread that uses the nets, while the loop stays free."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def _ballot(champions: Champions, name: MemberName, batch: PackedWindows) -> Ballot:
    seat = champions.seats[name]
    if seat.voter is None:
        return Ballot(name, seat.standing, artefact=seat.artefact, reason=seat.reason)
    schema = seat.voter.schema
    if schema.hash != batch.schema_hash:
        reason = f"it was trained on features {schema.hash[:12]}, these are {batch.schema_hash[:12]}"
        return Ballot(name, Standing.UNUSABLE, artefact=seat.artefact, reason=reason)
    return champions.ballot(name, unpacked(schema, batch))


def _lacking(name: MemberName, reason: str) -> Finding:
    return LIBRARY.found(
        f"{name} was trained here and has no vote: {reason}",
        subject=str(name),
        evidence={"member": str(name), "reason": reason},
    )


def _damaged(name: MemberName, reason: str) -> Finding:
    return ARTEFACT[name].found(
        f"{name} has no vote: {reason}", subject=str(name), evidence={"member": str(name), "reason": reason}
    )
