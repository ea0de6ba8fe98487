"""The plugin: looks at disk and log lines, judges, and makes room within the limits."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from pathlib import Path

from plugins.domain import Posture
from plugins.logs.condition import MEGABYTE, Figures, health_of, size_text
from plugins.logs.kinds import DISK, KINDS
from plugins.logs.memory import recall, remember
from plugins.logs.rates import Complaints, Rate
from plugins.logs.settings import LogsSettings
from plugins.logs.space import Sample, days_left, with_sample
from qtcore import Context, Finding, FindingKind, Health, Plugin, action, counted, hookimpl
from qtcore.upkeep import LogFilter, LogFollower, Pruned, Use, old_logs, oversized_logs, prune, usage

Ctx = Context[LogsSettings]

ROOM_EVERY_S = 1.0
_DAY_S = 86_400.0


class Logs(Plugin[LogsSettings]):
    """Keeps an eye on the disk and on the logs: space, rotation, and who complains how often."""

    area = "monitoring"
    cadence_s = 10.0

    def __init__(self) -> None:
        self._samples: tuple[Sample, ...] = ()
        self._uses: list[Use] = []
        self._oversized: dict[str, int] = {}
        self._complaints = Complaints(300.0)
        self._looked_s: float | None = None
        self._trouble: str | None = None

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Look once, then be ready and go on looking until stopped."""
        self._samples = await asyncio.to_thread(recall, ctx.data_dir)
        self._complaints = Complaints(ctx.settings.rate_window_s)
        follower = await asyncio.to_thread(LogFollower, ctx.home / "logs")
        await self._look(ctx)
        ctx.ready()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_disk(ctx), name="disk")
            tasks.create_task(self._watch_room(ctx), name="room")
            tasks.create_task(self._watch_lines(ctx, follower), name="log lines")

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """By effect: whether there is room, and for how long; who logs errors."""
        return health_of(self._figures(ctx), ctx.settings)

    @hookimpl
    async def heal(self, ctx: Ctx, finding: Finding) -> str:
        """Make room: older parts of logs, and the oldest traces of ended processes."""
        short = finding.code == DISK.code
        before_s = time.time() - (0.0 if short else ctx.settings.keep_days * _DAY_S)
        did = await self._prune(ctx, before_s, traces_bytes=int(ctx.settings.traces_mb * MEGABYTE) if short else None)
        await self._look(ctx)
        return did

    @action(command="errors", help="who logs errors and warnings, and what mostly, over the last minutes")
    async def errors(self, ctx: Ctx) -> list[Rate]:
        """Most errors first."""
        return self._complaints.rates(ctx.now())

    @action(effect=True, timeout_s=60.0, help="delete old parts of logs, and the oldest traces beyond their limit")
    async def prune(self, ctx: Ctx, keep_days: float | None = None) -> str:
        """Never touches a file that is being written, a ledger, the journal or the history."""
        days = ctx.settings.keep_days if keep_days is None else max(0.0, keep_days)
        did = await self._prune(ctx, time.time() - days * _DAY_S, traces_bytes=None)
        await self._look(ctx)
        return did

    # --------------------------------------------------------------------------------------------

    async def _watch_disk(self, ctx: Ctx) -> None:
        while True:
            await asyncio.sleep(ctx.settings.disk_every_s)
            await self._look(ctx)

    async def _watch_room(self, ctx: Ctx) -> None:
        """The bare figure each second: a disk that fills at once is told at once, and entries wait while it is full."""
        short = False
        while True:
            await asyncio.sleep(ROOM_EVERY_S)
            with contextlib.suppress(OSError):  # `_look` says what is wrong
                free_mb = (await asyncio.to_thread(shutil.disk_usage, ctx.home)).free / MEGABYTE
                if (free_mb < ctx.settings.low_mb) is not short:
                    short = not short
                    await self._look(ctx)
                    self._tell(ctx)
                if free_mb < ctx.settings.critical_mb:
                    self._hold_entries(ctx)

    def _tell(self, ctx: Ctx) -> None:
        found = [one for one in health_of(self._figures(ctx), ctx.settings).findings if one.code == DISK.code]
        for finding in found:
            ctx.raise_finding(finding)
        if not found:
            ctx.resolve_finding(DISK.code)

    @staticmethod
    def _hold_entries(ctx: Ctx) -> None:
        """Nothing new is risked while its records may find no room; exits go on."""
        reason = f"less than {ctx.settings.critical_mb:g} MB are free on the disk of the home"
        if ctx.autonomy.acts:
            ctx.claim_posture(Posture.NO_ENTRIES.value, reason)
        else:
            ctx.would_have("held back entries", reason=reason)

    async def _watch_lines(self, ctx: Ctx, follower: LogFollower) -> None:
        wanted = LogFilter(level="warning")
        while True:
            await asyncio.sleep(ctx.settings.lines_every_s)
            try:
                lines = await asyncio.to_thread(follower.new, wanted)
            except OSError as error:
                ctx.log.info(
                    "log lines could not be read", error=error.strerror
                )  # rotated away; the next look has them
                continue
            self._complaints.add(lines, ctx.now())
            ctx.progress("rounds")

    async def _look(self, ctx: Ctx) -> None:
        try:
            seen = await asyncio.to_thread(_seen, ctx.home)
        except OSError as error:
            self._trouble = f"the home cannot be looked at ({error.strerror}: {error.filename})"
            return
        self._uses, self._oversized, free = seen
        self._samples = with_sample(self._samples, Sample(ctx.wall(), free))
        self._looked_s = ctx.now()
        try:
            await asyncio.to_thread(remember, ctx.data_dir, self._samples)
        except OSError as error:
            self._trouble = f"the history of free space cannot be written ({error.strerror})"
        else:
            self._trouble = None

    async def _prune(self, ctx: Ctx, before_s: float, *, traces_bytes: int | None) -> str:
        if not ctx.autonomy.acts:
            files = await asyncio.to_thread(old_logs, ctx.home, before_s)
            ctx.would_have("deleted old parts of logs and traces", logs=[path.name for path in files])
            return f"would have deleted {counted(len(files), 'old part')} of logs and the oldest traces"
        limit = {} if traces_bytes is None else {"traces_bytes": traces_bytes}
        gone: Pruned = await asyncio.to_thread(prune, ctx.home, before_s=before_s, **limit)
        return f"deleted {counted(gone.files, 'file')}, {size_text(gone.bytes)}"

    def _figures(self, ctx: Ctx) -> Figures:
        sizes: dict[str, int] = {}
        for use in self._uses:
            sizes[use.what] = sizes.get(use.what, 0) + use.bytes
        return Figures(
            free_bytes=self._samples[-1].free_bytes if self._samples else None,
            days_left=days_left(self._samples),
            sizes=sizes,
            oversized=self._oversized,
            rates=self._complaints.rates(ctx.now()),
            looked_age_s=None if self._looked_s is None else ctx.now() - self._looked_s,
            trouble=self._trouble,
        )


def _seen(home: Path) -> tuple[list[Use], dict[str, int], int]:
    return usage(home), oversized_logs(home), shutil.disk_usage(home).free
