"""The history as a plugin: hooks, timers, commands, and two loops."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import anyio
from anyio import to_thread

from plugins.checks import databases
from plugins.database import offline
from plugins.database.catching_up import CatchUp
from plugins.database.condition import Figures, health_of
from plugins.database.equity import EquityRecord
from plugins.database.history import History
from plugins.database.kinds import KINDS, REPLACED
from plugins.database.opening import open_history
from plugins.database.report import NEWEST, SEEDED, EquityCurve, equity_section, trades_section
from plugins.database.settings import DatabaseSettings
from plugins.database.trouble import Troubles
from plugins.domain import Account, Fill, Position
from plugins.store import STORE_ERRORS, Store, TradeRow, Trouble, facts_of, sentence_of
from plugins.store.address import sqlite_file
from plugins.store.backups import FOLDER, make_backup
from plugins.store.equity import EquityBounds
from plugins.store.files import BackupFailed
from plugins.store.foothold import Foothold
from plugins.store.integrity import damage_of
from qtcore import Check, Context, Finding, FindingKind, Gap, Health, NotReady, Plugin, Section, action, every, hookimpl

Ctx = Context[DatabaseSettings]


class Open:
    """What there is while the history is open."""

    def __init__(self, ctx: Ctx, store: Store) -> None:
        self.store = store
        self.history = History(store)
        self.troubles = Troubles(ctx.log)
        self.catch_up = CatchUp(ctx, store, self.history, self.troubles)
        self.equity = EquityRecord(store)
        self.curve: EquityCurve | None = None
        """Of the report; seeded from the history when the first one is asked for."""
        self.file = sqlite_file(store.engine.url.render_as_string(hide_password=False))
        self.identity = _identity(self.file)
        self.foothold = Foothold(self.file) if self.file is not None else None

    def close(self) -> None:
        """Let go of the file."""
        if self.foothold is not None:
            self.foothold.close()

    @property
    def replaced(self) -> str | None:
        """The file, if it is no longer the one that is open."""
        return str(self.file) if self.file is not None and _identity(self.file) != self.identity else None


class DatabasePlugin(Plugin[DatabaseSettings]):
    """Keeps what happened, once each, and can rebuild it from the exchange at any time."""

    reads: ClassVar = [Fill, Position, Account]
    calls: ClassVar = ["exchange.fills", "exchange.income"]
    area = "data and infrastructure"
    cadence_s = 10.0
    exclusive = True
    preload: ClassVar = ["sqlalchemy.ext.asyncio", "alembic.command", "aiosqlite"]

    def __init__(self) -> None:
        self._open: Open | None = None
        self._damage: str | None = None
        self._no_backup: str | None = None
        self._backed_up_s: float | None = None
        self._last_backup: dict[str, str | int] = {}
        self._more = asyncio.Event()

    # --- hooks ------------------------------------------------------------------------------------

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Open and migrate the history, then keep it up with the exchange until stopped."""
        async with open_history(ctx) as store:
            ctx.fact(**facts_of(store.engine.url.render_as_string(hide_password=False)))
            with closing(Open(ctx, store)) as held:
                await held.history.load()
                self._open = held
                try:
                    await self._keep_up(ctx, held)
                finally:
                    self._open = None

    async def _keep_up(self, ctx: Ctx, held: Open) -> None:
        async with ctx.subscribe(Fill, Position, Account, gaps=True) as news:
            ctx.ready()
            async with asyncio.TaskGroup() as work:
                work.create_task(self._fetch(ctx, held), name="catch up")
                recorded_s = float("-inf")
                async for message in news:
                    match message:
                        case Fill() | Position() | Gap():
                            self._more.set()
                        case Account() if ctx.now() - recorded_s >= ctx.settings.equity_every_s:
                            recorded_s = ctx.now()
                            await self._record(ctx, held, message)

    async def _fetch(self, ctx: Ctx, held: Open) -> None:
        while True:
            self._more.clear()
            await held.catch_up.run()
            with anyio.move_on_after(ctx.settings.pull_s):
                await self._more.wait()

    async def _record(self, ctx: Ctx, held: Open, account: Account) -> None:
        try:
            market_at = ctx.market_now()
        except NotReady:
            return  # without market time a row would have no place in the history
        held.equity.take(account, market_at)
        if held.curve is not None:
            held.curve.add([(market_at, account.equity)])
        with held.troubles.noted("equity"):
            await held.equity.put()
            ctx.progress("equity", data_as_of=market_at)

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @staticmethod
    @hookimpl
    def checks() -> tuple[Check, ...]:
        """What the doctor looks at, whether anything runs or not."""
        return (Check("history", databases.history), Check("backups", databases.backups))

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """Lag behind the exchange, soundness of the file, whether it takes anything, room on the disk, backups."""
        held = self._open
        if held is None:
            return Health.unknown("the history is not open yet")
        refusal, damage = held.troubles.refusal, self._damage
        if refusal is not None and refusal.trouble is Trouble.DAMAGED:
            damage, refusal = damage or refusal.said, None
        figures = Figures(
            fills=held.history.count,
            behind=held.catch_up.behind,
            age_s=held.catch_up.age_s,
            failing=held.catch_up.failing,
            damage=damage,
            replaced=held.replaced,
            refusal=replace(refusal, waiting=held.equity.waiting) if refusal is not None else None,
            no_backup=self._no_backup,
            free_mb=shutil.disk_usage(ctx.home).free / 1e6,
            least_free_mb=ctx.settings.disk_free_mb,
            backups=self._last_backup,
        )
        return health_of(figures)

    @hookimpl
    async def report(self) -> tuple[Section, ...]:
        """Equity over time and the newest closed trades."""
        held = self._held()
        if held.curve is None:
            held.curve = EquityCurve()
            held.curve.add(await held.store.equity.newest(limit=SEEDED))
        return equity_section(held.curve), trades_section(await held.store.trades.latest(limit=NEWEST))

    @hookimpl
    async def heal(self, ctx: Ctx, finding: Finding) -> str:
        """Rescue what a file holds that lost its name, or fetch the exchange's whole list again."""
        if finding.code == REPLACED.code:
            await self._back_up(ctx, lost=self._held().foothold)
            return f"copied what the lost file holds: {self._no_backup or self._last_backup.get('backup')}"
        await self._held().catch_up.from_the_beginning()
        return f"fetched all fills of the exchange again, for {finding.code}"

    # --- timers -----------------------------------------------------------------------------------

    @every(600)
    async def check_file(self, _: Ctx) -> None:
        """See whether the file is still sound."""
        if self._open is not None and self._open.file is not None:
            self._damage = await to_thread.run_sync(damage_of, self._open.file)

    @every(60, timeout_s=300)
    async def back_up(self, ctx: Ctx) -> None:
        """Copy the history as often as the settings say; the first time one period after the start."""
        if self._backed_up_s is None:
            self._backed_up_s = ctx.now()
        elif ctx.now() - self._backed_up_s >= ctx.settings.backup_every_s:
            await self._back_up(ctx)

    # --- actions ----------------------------------------------------------------------------------

    @action(command="trades", help="the newest closed trades and what they brought")
    async def trades(self, _: Ctx, limit: int = 50) -> list[TradeRow]:
        """Closed round trips, newest first."""
        return await self._held().store.trades.latest(limit=limit)

    @action()
    async def equity_bounds(self, _: Ctx, since: datetime) -> EquityBounds:
        """The first equity at or after a market time and the highest ever, for whoever must measure losses."""
        return await self._held().store.equity.bounds(since)

    @action(effect=True, timeout_s=60.0)
    async def rebuild(self, _: Ctx) -> int:
        """Fetch every fill of the exchange again and fold every row anew; returns how many fills the history holds.

        Positions that no fill supports, and signals that are none, are put away in a file, never just deleted.
        """
        held = self._held()
        await held.catch_up.from_the_beginning()
        return held.history.count

    @action(effect=True, timeout_s=300.0)
    async def backup(self, ctx: Ctx) -> dict[str, str | int]:
        """Copy the history now, while it is in use; says which file."""
        await self._back_up(ctx)
        if self._no_backup is not None:
            raise BackupFailed(self._no_backup)
        return self._last_backup

    @staticmethod
    @action(effect=True, offline=True, command="db backup", help="copy the history, in use or not")
    async def db_backup(home: Path) -> dict[str, Any]:
        """One SQLite file in the home's `backups`, proven before it counts."""
        return await offline.backup(home)

    @staticmethod
    @action(offline=True, command="db backups", help="which backups there are, and whether they are whole")
    def db_backups(home: Path) -> list[dict[str, Any]]:
        """Newest first."""
        return offline.listed(home)

    @staticmethod
    @action(effect=True, offline=True, command="db restore", help="put a backup in the history's place, while stopped")
    async def db_restore(home: Path, name: str = "") -> dict[str, Any]:
        """The named backup, or the newest that is whole; what was there is kept beside it."""
        return await offline.put_back(home, name)

    @staticmethod
    @action(offline=True, command="db check", help="whether the history is whole, its schema, size and backups")
    async def db_check(home: Path) -> dict[str, Any]:
        """Reads the whole file, indexes too."""
        return await offline.check(home)

    @staticmethod
    @action(effect=True, offline=True, command="db migrate", help="change the history's schema, forward or back")
    async def db_migrate(home: Path, to: str = "head") -> dict[str, str]:
        """To the newest schema, or back to an older one for an older version of this program."""
        return await offline.migrate(home, to)

    # ----------------------------------------------------------------------------------------------

    async def _back_up(self, ctx: Ctx, *, lost: Foothold | None = None) -> None:
        self._backed_up_s = ctx.now()
        folder, keep = ctx.home / FOLDER, ctx.settings.backups
        try:
            engine = self._held().store.engine
            made = await make_backup(engine, folder, now=ctx.wall(), keep=keep, lost=lost)
        except (BackupFailed, *STORE_ERRORS) as error:
            self._no_backup = sentence_of(error)
            ctx.log.warning("no backup", why=self._no_backup)
            return
        self._no_backup = None
        self._last_backup = {"backup": made.path.name, "backup_bytes": made.bytes}
        ctx.progress("backups")

    def _held(self) -> Open:
        if self._open is None:
            raise NotReady("the history is not open yet")
        return self._open


def _identity(file: Path | None) -> tuple[int, int] | None:
    """Which file it is, whatever its name; None where there is none."""
    try:
        found = file.stat() if file is not None else None
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino) if found is not None else None
