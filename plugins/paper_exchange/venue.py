"""The venue without its wire: the account, its ledger and the market, moved by requests and by time.

Whatever happens is first applied by the core, then written to the ledger, and only then told to anybody. When the
venue restarts the market goes on from the last moment in the ledger: no market time passes while it is dead.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol

from plugins.paper_exchange.core.account import Account
from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.core.engine import Engine
from plugins.paper_exchange.core.events import Event, ReleaseTriggers
from plugins.paper_exchange.core.kinds import AlgoStatus
from plugins.paper_exchange.core.messages import Message
from plugins.paper_exchange.core.turn import Changes
from plugins.paper_exchange.ledger.history import History
from plugins.paper_exchange.ledger.ledger import Cursor, Ledger
from plugins.paper_exchange.market.source import MarketDataError, MarketSource, Step
from plugins.paper_exchange.play.candles import CandleBook, ClosedCandle
from plugins.paper_exchange.play.clock import MarketClock, Pace, Speed
from plugins.paper_exchange.play.funding import Schedule
from plugins.paper_exchange.play.timeline import Moment, Timeline

SLIP_LIMIT_S = 1.0
"""Further behind than this, the clock is set back: the market was stopped, or is asked to run faster than it can."""

LEDGER_RETRY_S = 1.0
"""Pause before the market is tried again after the ledger could not be written."""


class LedgerDownError(RuntimeError):
    """The ledger could not be written, so nothing happened; or not synced, so that it may be lost with the power."""

    def __init__(self, message: str, *, outcome_known: bool) -> None:
        super().__init__(message)
        self.outcome_known = outcome_known


class Listener(Protocol):
    """Who is told, after it has been written."""

    def told(self, messages: Sequence[Message]) -> None: ...

    def traded(self, steps: Sequence[Step]) -> None: ...

    def closed(self, candles: Sequence[ClosedCandle], at_ms: int) -> None: ...


class Venue:
    """One account on one market. Everything runs on the loop that plays it; nothing here blocks but the ledger."""

    def __init__(
        self,
        source: MarketSource,
        ledger: Ledger,
        *,
        economics: Economics,
        speed: Speed,
        real_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Take up where the ledger stands, or open a new account. Raises LedgerError and MarketDataError."""
        self.source = source
        self.ledger = ledger
        self.history = History(ledger)
        self.economics = economics
        self.schedule = Schedule(source)
        self.listeners: list[Listener] = []
        self.ended = False
        self.slips = 0
        self.moments = 0
        self.trouble: str | None = None
        self._loaded = False
        cursor = ledger.cursor(source.description)
        if cursor is None:
            cursor = self._open_account()
        self._load(cursor)
        self.candles = CandleBook(source, cursor.bar_open_ms)
        for moment in self.timeline.played():
            for step, _ in moment.steps:
                self.candles.trade(step)
        self.clock = MarketClock(speed, cursor.market_ms, real_ns)

    @property
    def account(self) -> Account:
        return self.engine.account

    def now_ms(self) -> int:
        """Market time; never behind what has been played."""
        return max(self.clock.now_ms(), self.timeline.cursor.market_ms)

    def overdue_s(self) -> float:
        """Real seconds by which the next moment is late; 0 where the market does not move by itself."""
        moment = self.timeline.peek()
        if moment is None or self.clock.speed.pace is not Pace.PACED:
            return 0.0
        return max(0.0, -self.clock.seconds_until(moment.at_ms))

    async def resume(self) -> None:
        """Let what the last venue had triggered and not handed over get into the engine. Raises LedgerDownError."""
        if any(algo.status is AlgoStatus.TRIGGERING for algo in self.account.algos.values()):
            await self.apply(ReleaseTriggers(self.now_ms()))

    async def apply(self, event: Event) -> Changes:
        """Do what a client asked. Raises Refusal or LedgerDownError.

        It has happened when this returns, and not when it raises; but for a LedgerDownError that says that the
        outcome is unknown.
        """
        self._reload_if_stale()
        changes = self.engine.apply(event)
        self.timeline.reach(event.now_ms)
        self._commit(changes)
        try:
            await self._settle(changes)
        finally:
            self._tell(changes.messages)
        return changes

    async def play(self) -> None:
        """Let market time pass at its pace, until the market ends. In lockstep it never does by itself."""
        if self.clock.speed.pace is Pace.LOCKSTEP:
            return
        while (moment := self.timeline.peek()) is not None:
            try:
                await self._play_due(moment)
            except LedgerDownError:
                await asyncio.sleep(LEDGER_RETRY_S)
        self.ended = True
        self.clock.stop()

    async def advance(self, bars: int) -> int:
        """Play to the end of so many bars, at once; returns how many there were. Raises LedgerDownError."""
        played = 0
        while played < bars and (moment := self.timeline.peek()) is not None:
            await self.play_moment(moment)
            self.clock.set(moment.at_ms)
            if moment.closed is not None:
                played += 1
                await asyncio.sleep(0)
        self.ended = self.timeline.peek() is None
        return played

    async def play_moment(self, moment: Moment) -> None:
        """Let everything of one instant happen, in one commit, and tell of it. Raises LedgerDownError."""
        self._reload_if_stale()
        changes = Changes()
        for event in moment.events():
            changes.absorb(self.engine.apply(event))
        self.timeline.advance(moment)
        self._commit(changes)
        self.moments += 1
        try:
            await self._settle(changes)
        finally:
            self._tell_moment(moment, changes.messages)

    async def _play_due(self, moment: Moment) -> None:
        if self.clock.speed.pace is Pace.MAX:
            await self.play_moment(moment)
            self.clock.set(moment.at_ms)
            await asyncio.sleep(0)
            return
        wait_s = self.clock.seconds_until(moment.at_ms)
        if wait_s < -SLIP_LIMIT_S:
            self.slips += 1
            self.clock.set(moment.at_ms)
        await asyncio.sleep(max(0.0, wait_s))
        await self.play_moment(moment)

    def _open_account(self) -> Cursor:
        """Start a new ledger at the market's start, at the last prices before it."""
        start_ms = self.source.start_ms
        prices = {symbol: self._last_close(symbol, start_ms) for symbol in self.source.rules}
        account = Account.under(self.source.rules)
        changes = Engine(account, self.economics).open_account(start_ms, prices)
        cursor = Cursor(start_ms, 0, start_ms)
        self.ledger.begin(self.source.description, changes, account, cursor)
        return cursor

    def _last_close(self, symbol: str, before_ms: int) -> Decimal:
        bars = self.source.history(symbol, before_ms, 1)
        if not bars:
            raise MarketDataError(
                f"{symbol} has no bar before {before_ms}: leave it out with --symbols, or use other data"
            )
        return bars[-1].close

    def _load(self, cursor: Cursor) -> None:
        account = self.ledger.load_account(self.source.rules, self.economics.default_leverage)
        if self._loaded:
            account.keep_conditions_of(self.account)
        self.engine = Engine(account, self.economics)
        self.timeline = Timeline(self.source, self.schedule, cursor)
        self._loaded = True
        self._stale = False

    def _reload_if_stale(self) -> None:
        """After a failed write, what is in memory has gone ahead of the ledger: take the ledger's word."""
        if not self._stale:
            return
        try:
            cursor = self.ledger.cursor(self.source.description)
            if cursor is None:
                raise self._down("it is empty")
            self._load(cursor)
        except sqlite3.Error as error:
            raise self._down(error) from error

    def _commit(self, changes: Changes) -> None:
        try:
            self.ledger.write(changes, self.account, self.timeline.cursor)
        except sqlite3.Error as error:
            self._stale = True
            raise self._down(error) from error
        self.trouble = None

    async def _settle(self, changes: Changes) -> None:
        """Wait until what moves money would survive a power cut; prices alone need not."""
        if not changes.durable:
            return
        try:
            await self.ledger.disk.settled()
        except OSError as error:
            raise self._down(error, outcome_known=False) from error

    def _down(self, error: Exception | str, *, outcome_known: bool = True) -> LedgerDownError:
        self.trouble = f"the ledger {self.ledger.path} cannot be used: {error}"
        return LedgerDownError(self.trouble, outcome_known=outcome_known)

    def _tell(self, messages: Sequence[Message]) -> None:
        for listener in self.listeners:
            listener.told(messages)

    def _tell_moment(self, moment: Moment, messages: Sequence[Message]) -> None:
        steps = [step for step, _ in moment.steps]
        for step in steps:
            self.candles.trade(step)
        if messages:
            self._tell(messages)
        for listener in self.listeners:
            listener.traded(steps)
        if moment.closed is not None:
            candles = self.candles.close(moment.closed)
            for listener in self.listeners:
                listener.closed(candles, moment.at_ms)
