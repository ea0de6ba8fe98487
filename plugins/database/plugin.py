"""The history as a plugin: hooks, one command, and two loops."""

from __future__ import annotations

import asyncio
import shutil
from typing import ClassVar

import anyio
from anyio import to_thread

from plugins.database.catching_up import CatchUp
from plugins.database.condition import Figures, health_of
from plugins.database.history import History
from plugins.database.opening import open_history
from plugins.database.settings import DatabaseSettings
from plugins.domain import Account, Fill, Position
from plugins.store import Store, TradeRow
from plugins.store.address import sqlite_file
from plugins.store.integrity import damage_of
from qtcore import Context, Finding, Gap, Health, NotReady, Plugin, action, every, hookimpl

Ctx = Context[DatabaseSettings]


class DatabasePlugin(Plugin[DatabaseSettings]):
    """Keeps what happened, once each, and can rebuild it from the exchange at any time."""

    reads: ClassVar = [Fill, Position, Account]
    calls: ClassVar = ["exchange.fills", "exchange.income"]
    cadence_s = 10.0
    exclusive = True
    preload: ClassVar = ["sqlalchemy.ext.asyncio", "alembic.command", "aiosqlite"]

    def __init__(self) -> None:
        self._store: Store | None = None
        self._history: History | None = None
        self._catch_up: CatchUp | None = None
        self._damage: str | None = None
        self._more = asyncio.Event()

    # --- hooks ------------------------------------------------------------------------------------

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Open and migrate the history, then keep it up with the exchange until stopped."""
        async with open_history(ctx) as store:
            history = History(store)
            await history.load()
            self._store, self._history, self._catch_up = store, history, CatchUp(ctx, store, history)
            try:
                await self._keep_up(ctx, store, self._catch_up)
            finally:
                self._store = self._history = self._catch_up = None

    async def _keep_up(self, ctx: Ctx, store: Store, catch_up: CatchUp) -> None:
        async with ctx.subscribe(Fill, Position, Account, gaps=True) as news:
            ctx.ready()
            async with asyncio.TaskGroup() as work:
                work.create_task(self._fetch(ctx, catch_up), name="catch up")
                recorded_s = float("-inf")
                async for message in news:
                    match message:
                        case Fill() | Position() | Gap():
                            self._more.set()
                        case Account() if ctx.now() - recorded_s >= ctx.settings.equity_every_s:
                            recorded_s = ctx.now()
                            await self._record(ctx, store, message)

    async def _fetch(self, ctx: Ctx, catch_up: CatchUp) -> None:
        while True:
            self._more.clear()
            await catch_up.run()
            with anyio.move_on_after(ctx.settings.pull_s):
                await self._more.wait()

    async def _record(self, ctx: Ctx, store: Store, account: Account) -> None:
        try:
            market_at = ctx.market_now()
        except NotReady:
            return  # without market time a row would have no place in the history
        await store.equity.add(account, market_at=market_at)
        ctx.progress("equity", data_as_of=market_at)

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """Lag behind the exchange, soundness of the file, room on the disk."""
        if self._catch_up is None or self._history is None:
            return Health.unknown("the history is not open yet")
        figures = Figures(
            fills=self._history.count,
            behind=self._catch_up.behind,
            age_s=self._catch_up.age_s,
            failing=self._catch_up.failing,
            damage=self._damage,
            free_mb=shutil.disk_usage(ctx.home).free / 1e6,
            least_free_mb=ctx.settings.disk_free_mb,
        )
        return health_of(figures)

    @hookimpl
    async def heal(self, finding: Finding) -> str:
        """Fetch the exchange's whole list again."""
        if self._catch_up is None:
            raise NotReady("the history is not open, so nothing can be fetched")
        await self._catch_up.from_the_beginning()
        return f"fetched all fills of the exchange again, for {finding.code}"

    @every(600)
    async def check_file(self, _: Ctx) -> None:
        """See whether the file is still sound."""
        if self._store is not None and (file := sqlite_file(str(self._store.engine.url))) is not None:
            self._damage = await to_thread.run_sync(damage_of, file)

    # --- actions ----------------------------------------------------------------------------------

    @action(command="trades", help="the newest closed trades and what they brought")
    async def trades(self, _: Ctx, limit: int = 50) -> list[TradeRow]:
        """Closed round trips, newest first."""
        if self._store is None:
            raise NotReady("the history is not open yet")
        return await self._store.trades.latest(limit=limit)

    @action(effect=True, timeout_s=60.0)
    async def rebuild(self, _: Ctx) -> int:
        """Fetch every fill of the exchange again; returns how many the history holds."""
        if self._catch_up is None or self._history is None:
            raise NotReady("the history is not open yet")
        await self._catch_up.from_the_beginning()
        return self._history.count
