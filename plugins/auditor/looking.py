"""Where the auditor looks: each place in its own rhythm, with a deadline, and an answer that grows old by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar

from plugins.auditor.journal import Chronicle, told
from plugins.auditor.ledger_file import LedgerFile
from plugins.auditor.settings import AuditorSettings
from plugins.auditor.stamp import Stamp
from plugins.auditor.view import Guard, Held, HistoryTruth, Led, LedgerTruth, OpenRow, Unended, VenueTruth
from plugins.domain import Mark, Side, at_market_ms
from plugins.store import STORE_ERRORS, Store, sentence_of
from plugins.store.address import sqlite_file
from qtcore import CallFailed, CallUnanswered, Context, QtError

Ctx = Context[AuditorSettings]
T = TypeVar("T")

TROUBLE = (CallFailed, CallUnanswered, QtError, *STORE_ERRORS, KeyError, ValueError, TypeError, ArithmeticError)
"""What looking may meet: none of it is a reason to stop auditing the rest."""

DEADLINE_S = 5.0
FRESH_LOOKS = 3.0
"""An answer counts for so many of its own periods, and at least for `LEAST_FRESH_S`."""

LEAST_FRESH_S = 6.0


DOUBTFUL_S, UNDOUBTED_S = 0.8, 2.5
"""How old the venue's word may be before the exchange is asked to look again: what it does by itself is not hurried."""

HURRIED_S = 0.3
"""How soon the exchange is asked for the answer that it was made to fetch."""

SAME_WORD = timedelta(seconds=0.1)
"""An answer is dated by its age, which is rounded and takes a while to arrive."""


@dataclass(slots=True)
class Place(Generic[T]):
    """One thing to look at again and again; `why` says why there is no answer."""

    name: str
    every_s: float
    look: Callable[[], Awaitable[T]]
    value: T | None = None
    read_s: float = float("-inf")
    hurry: Callable[[], bool] = lambda: False
    hurried_s: float = 1.0
    """How often, while `hurry` says that somebody waits for a second look."""
    why: str = "it was not looked at yet"

    async def watch(self, ctx: Ctx) -> None:
        """Look until cancelled."""
        while True:
            await self.once(ctx)
            await asyncio.sleep(min(self.every_s, self.hurried_s) if self.hurry() else self.every_s)

    async def once(self, ctx: Ctx) -> None:
        """Look, and note what came of it."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                self.value = await self.look()
        except TROUBLE as error:
            self.why = sentence_of(error) if isinstance(error, STORE_ERRORS) else str(error) or type(error).__name__
        else:
            self.read_s, self.why = ctx.now(), ""
        finally:
            ctx.progress(f"looked at {self.name}")

    def fresh(self, now_s: float) -> T | None:
        """The answer, unless it has grown old."""
        limit_s = max(FRESH_LOOKS * self.every_s, LEAST_FRESH_S)
        return self.value if now_s - self.read_s <= limit_s else None

    def unseen(self, now_s: float) -> str:
        """Why there is none, or empty."""
        if self.fresh(now_s) is not None:
            return ""
        return self.why or f"the last answer is {now_s - self.read_s:.0f} s old"


@dataclass(frozen=True, slots=True)
class Prices:
    """What feed and venue answered at one moment."""

    feed: dict[str, Mark] = field(default_factory=dict)
    venue: dict[str, tuple[Decimal, datetime]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candles:
    """The end of each symbol's newest candle at one moment: that the feed has, and that was judged."""

    closed: dict[str, datetime]
    judged: dict[str, datetime]


class Eyes:
    """All places, and how each is looked at."""

    def __init__(self, ctx: Ctx, store: Store) -> None:
        settings = ctx.settings
        self._ctx = ctx
        self._store = store
        self._file = LedgerFile(ctx.home)
        self._journal = Stamp(ctx.home / "journal.db")
        self._tables = Stamp(sqlite_file(store.engine.url.render_as_string(hide_password=False)))
        self._answered = asyncio.Event()
        self.in_doubt = False
        """Something looks wrong and is not certain yet: then the venue should be asked again soon."""
        self.chronicle = Place("journal", settings.look_s, self._read_journal, Chronicle())
        self.ledger = Place[LedgerTruth]("ledger", settings.look_s, self._read_ledger)
        self.venue = Place[VenueTruth](
            "venue", settings.look_s, self._ask_venue, hurry=self._awaits_venue, hurried_s=HURRIED_S
        )
        self.history = Place[HistoryTruth]("history", settings.history_s, self._read_history)
        self.prices = Place[Prices]("prices", settings.prices_s, self._ask_prices, hurry=lambda: self.in_doubt)
        self.led = Place[dict[str, Led]]("led", 2 * settings.look_s, self._ask_led)
        self.judged = Place[Candles]("judged", settings.judged_s, self._ask_judged, hurry=lambda: self.in_doubt)

    def close(self) -> None:
        """Let go of files."""
        self._file.close()

    async def wait(self, most_s: float) -> None:
        """Until the venue says something new, and no longer than this."""
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._answered.wait()
        self._answered.clear()

    def _awaits_venue(self) -> bool:
        """The exchange has been asked to look again, or will be; its answer should not lie about."""
        venue = self.venue.value
        return self.in_doubt or (
            venue is not None and (self._ctx.wall() - venue.asked_at).total_seconds() > UNDOUBTED_S
        )

    @property
    def places(self) -> tuple[Place[Any], ...]:
        """Every place."""
        return (self.chronicle, self.ledger, self.venue, self.history, self.prices, self.led, self.judged)

    async def _read_journal(self) -> Chronicle:
        known = self.chronicle.value or Chronicle()
        if not self._journal.changed():
            return known
        since = known.seq or -2_000
        events = await self._ctx.events(since, limit=2_000)
        self._journal.read()
        return told(known, events)

    async def _read_ledger(self) -> LedgerTruth:
        return await asyncio.to_thread(self._file.read)

    async def _read_history(self) -> HistoryTruth:
        if self.history.value is not None and not self._tables.changed():
            return self.history.value
        count = await self._store.census.take()
        self._tables.read()
        return HistoryTruth(
            open=tuple(OpenRow(it.id, it.symbol, it.side, it.quantity, it.updated_at) for it in count.positions),
            trades=count.trades,
            unended=tuple(Unended(it.id, it.symbol, it.made_at) for it in count.open_signals),
            made=len(count.signals),
            no_signals=count.odd_signals,
            stored=count.signals,
            since=count.since,
            odd_positions=count.odd_positions,
        )

    async def _ask_venue(self) -> VenueTruth:
        most_s = DOUBTFUL_S if self.in_doubt else UNDOUBTED_S
        truth = venue_truth(await self._ask("exchange.seen", {"max_age_s": most_s}), self._ctx.wall())
        before = self.venue.value
        if before is None or truth.asked_at - before.asked_at > SAME_WORD:
            self._answered.set()
        return truth

    async def _ask_prices(self) -> Prices:
        venue, feed = await asyncio.gather(self._ask("exchange.prices"), self._ask("feed.marks"))
        marks = {symbol: _mark(symbol, row) for symbol, row in feed.items() if row["price"] is not None}
        told = {symbol: (Decimal(price), datetime.fromisoformat(at)) for symbol, (price, at) in venue.items()}
        return Prices(marks, told)

    async def _ask_led(self) -> dict[str, Led]:
        rows = await self._ask("position_monitor.watched")
        return {row["symbol"]: Led(row["symbol"], row["considered_s_ago"]) for row in rows}

    async def _ask_judged(self) -> Candles:
        """The feed is asked before the models: what closes between the two is not late."""
        feed, rows = await self._ask("feed.marks"), await self._ask("models.latest")
        ends = {symbol: row["closed_at"] for symbol, row in rows.items() if row.get("closed_at")}
        return Candles(
            closed={symbol: at_market_ms(row["closed_ms"]) for symbol, row in feed.items() if row["closed_ms"]},
            judged={symbol: datetime.fromisoformat(at) for symbol, at in ends.items()},
        )

    async def _ask(self, action: str, argument: dict[str, Any] | None = None) -> Any:
        return await self._ctx.call(action, argument, timeout_s=self._ctx.settings.call_timeout_s)


def venue_truth(answer: dict[str, Any], wall: datetime) -> VenueTruth:
    """The exchange's answer about what the venue said last, read strictly. Raises ValueError, KeyError."""
    return VenueTruth(
        asked_at=wall - timedelta(seconds=float(answer["age_s"])),
        positions={row["symbol"]: _held(row) for row in answer["positions"]},
        guards=tuple(_guard(row) for row in answer["guards"]),
        wallet=Decimal(answer["wallet"]),
    )


def _held(row: dict[str, Any]) -> Held:
    return Held(
        row["symbol"],
        Side(row["side"]),
        Decimal(row["quantity"]),
        Decimal(row["entry_price"]),
        Decimal(row["mark_price"]),
    )


def _guard(row: dict[str, Any]) -> Guard:
    return Guard(
        symbol=row["symbol"],
        client_id=row["client_id"],
        side=Side(row["side"]),
        kind=row["kind"],
        trigger=Decimal(row["trigger"]),
        quantity=None if row["close_position"] else Decimal(row["quantity"]),
        status=row["status"],
    )


def _mark(symbol: str, row: dict[str, Any]) -> Mark:
    return Mark(symbol, Decimal(row["price"]), Decimal(row["funding_rate"]), None, datetime.fromisoformat(row["at"]))
