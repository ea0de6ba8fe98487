"""Fetches from the exchange what the history does not have yet; a message is only a hint that there is more."""

from __future__ import annotations

import time

import anyio
from pydantic import ValidationError

from plugins.database.history import FILLS_CURSOR, INCOME_CURSOR, LEDGER, History
from plugins.database.pages import FILL_PAGE, INCOME_PAGE, FillPage
from plugins.database.settings import DatabaseSettings
from plugins.database.trouble import Troubles
from plugins.store import Store
from qtcore import CallFailed, CallUnanswered, Context

CALL_TIMEOUT_S = 10.0
PUT_AWAY = "put_away.jsonl"


class CatchUp:
    """Reads the exchange's lists page by page."""

    def __init__(self, ctx: Context[DatabaseSettings], store: Store, history: History, troubles: Troubles) -> None:
        self._ctx = ctx
        self._troubles = troubles
        self._store = store
        self._history = history
        self._turn = anyio.Lock()
        self.exchange_count: int | None = None
        """How many fills the exchange had when it was last asked."""
        self.done_s: float | None = None
        self.failing: str | None = None

    @property
    def behind(self) -> int | None:
        """Fills that the exchange has and the history has not; None before the exchange was asked."""
        return None if self.exchange_count is None else self.exchange_count - self._history.count

    @property
    def age_s(self) -> float | None:
        """Seconds since everything was fetched for the last time."""
        return None if self.done_s is None else time.monotonic() - self.done_s

    async def run(self) -> None:
        """Fetch everything that is new. An exchange or a database that fails is noted, and tried at the next call."""
        async with self._turn:
            await self._run()

    async def _run(self) -> None:
        try:
            with self._troubles.noted("fills"):
                await self._history.believe_the_file()
                await self._fetch_fills()
                await self._fetch_income()
            if (refusal := self._troubles.of("fills")) is not None:
                # The exchange keeps what was not stored; the next call asks for it again.
                self.failing = f"the history takes nothing: {refusal.said}"
                return
        except (CallFailed, CallUnanswered) as error:
            self.failing = str(error)
        except ValidationError as error:
            self.failing = f"the exchange's answer does not fit: {error.error_count()} errors"
            self._ctx.log.warning("a page of the exchange cannot be read", why=str(error)[:500])
        else:
            self.failing, self.done_s = None, time.monotonic()
            self._ctx.progress("caught_up")

    async def from_the_beginning(self) -> None:
        """Fetch the exchange's whole list again, and fold every row anew from the fills.

        Positions that no fill supports, and signals that are none, are put away, but only while the exchange answers:
        what it has not said yet may support them.
        """
        async with self._turn:
            with self._troubles.noted("fills"):
                await self._rewind()
            await self._run()
            if self.failing is not None:
                return
            with self._troubles.noted("fills"):
                await self._history.load()
                gone = await self._history.put_away(self._ctx.data_dir / PUT_AWAY, at=self._ctx.wall())
                if gone:
                    self._ctx.log.warning("rows that are not what happened were put away", rows=gone, file=PUT_AWAY)

    async def _rewind(self) -> None:
        for cursor in (FILLS_CURSOR, INCOME_CURSOR):
            await self._store.notes.set(cursor, "0", at=self._ctx.wall())

    async def _fetch_fills(self) -> None:
        after = await self._cursor(FILLS_CURSOR)
        page = await self._fill_page(after)
        if page.ledger != await self._store.notes.get(LEDGER):
            # Another exchange.db has other numbers, also for the fills that we know.
            await self._rewind()
            await self._store.notes.set(LEDGER, page.ledger, at=self._ctx.wall())
            page = await self._fill_page(0)
        elif page.last == after and page.count > self._history.count:
            page = await self._fill_page(0)  # some never came
        while page.fills:
            new = await self._history.book(page.fills, at=self._ctx.wall())
            self._ctx.progress("fills", new, data_as_of=page.fills[-1].fill.market_at)
            if page.fills[-1].sequence >= page.last:
                break
            page = await self._fill_page(page.fills[-1].sequence)

    async def _fill_page(self, after: int) -> FillPage:
        argument = {"after": after, "limit": self._ctx.settings.page}
        page = FILL_PAGE.validate_python(await self._ctx.call("exchange.fills", argument, timeout_s=CALL_TIMEOUT_S))
        self.exchange_count = page.count
        return page

    async def _fetch_income(self) -> None:
        limit = self._ctx.settings.page
        while True:
            argument = {"after": await self._cursor(INCOME_CURSOR), "limit": limit}
            answer = await self._ctx.call("exchange.income", argument, timeout_s=CALL_TIMEOUT_S)
            lines = INCOME_PAGE.validate_python(answer)
            if lines:
                await self._history.book_income(lines, at=self._ctx.wall())
            if len(lines) < limit:
                return

    async def _cursor(self, name: str) -> int:
        return int(await self._store.notes.get(name) or 0)
