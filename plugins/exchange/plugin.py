"""The only door to a venue, as a plugin: hooks and actions, each handed on to the part that knows."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import anyio

from plugins.checks import databases, keys, safety
from plugins.domain import (
    Account,
    ExitReason,
    Fill,
    Instrument,
    Position,
    Purpose,
    Side,
    StopState,
    Universe,
    VenueAddress,
)
from plugins.exchange.comparing import gone
from plugins.exchange.condition import health_of
from plugins.exchange.door import Patience, Refusal, Wish, judge_entry, judge_exit, may_act
from plugins.exchange.figures import figures_of
from plugins.exchange.kinds import KINDS
from plugins.exchange.ledger import LedgerUnusable
from plugins.exchange.mode_arming import armed, disarmed
from plugins.exchange.opening import Exchange, open_exchange
from plugins.exchange.reading import Readings
from plugins.exchange.recovering import recover
from plugins.exchange.replies import KEY_REFUSED
from plugins.exchange.requests import VenueRefusal, VenueSilent
from plugins.exchange.results import Entered, Ordered, not_entered, ordered, refused
from plugins.exchange.settings import ExchangeSettings
from plugins.exchange.urgent import Urgent
from qtcore import (
    Check,
    Context,
    Finding,
    FindingKind,
    Health,
    NeedsOperator,
    NotReady,
    action,
    every,
    hookimpl,
)

Ctx = Context[ExchangeSettings]
ENTER_TIMEOUT_S = 30.0
LONGEST_WAIT_S = 15.0
"""Of a limit entry; with everything that may go wrong besides, an answer still comes within ENTER_TIMEOUT_S."""


class ExchangePlugin(Readings):
    """Carries intents to the venue, and the venue's truth to everybody else."""

    reads: ClassVar = [VenueAddress]
    optional_reads: ClassVar = [Universe]
    writes: ClassVar = [Fill, Position, StopState, Account, Instrument]
    calls: ClassVar = ["risk_guard.approve"]
    area = "core trading"
    cadence_s = 5.0
    exclusive = True
    vital = True
    preload: ClassVar = ["ccxt.pro"]

    def __init__(self) -> None:
        super().__init__()
        self._urgent = Urgent()

    # --- hooks ------------------------------------------------------------------------------------

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Reconcile with the venue, then be ready and stay reconciled until stopped."""
        async with ctx.subscribe(VenueAddress) as addresses:
            moves = aiter(addresses)
            try:
                with anyio.fail_after(ctx.settings.address_timeout_s):
                    address = await anext(moves)
            except TimeoutError as error:
                raise NotReady(
                    "nobody has said where the venue is; is paper_exchange up?", retry_after_s=1.0
                ) from error
            await self._trade(ctx, address, moves)

    async def _trade(self, ctx: Ctx, address: VenueAddress, moves: AsyncIterator[VenueAddress]) -> None:
        async with self._opened(ctx, address) as exchange:
            ctx.fact(**address.facts, **{"venue.key": exchange.fingerprint})
            ctx.ready()
            async with asyncio.TaskGroup() as work:
                work.create_task(exchange.reconciler.run(), name="reconcile")
                work.create_task(exchange.stream.run(), name="user stream")
                work.create_task(self._prepare(ctx, exchange), name="leverages")
                async for moved in moves:
                    if moved.origin != address.origin:
                        raise NotReady(f"the venue moved to {moved.origin}", retry_after_s=0.1)

    async def _prepare(self, ctx: Ctx, exchange: Exchange) -> None:
        async with ctx.subscribe(Universe) as universes:
            async for universe in universes:
                flat = [symbol for symbol in universe.symbols if exchange.books.held(symbol) is None]
                if failed := await exchange.leverages.prepare(flat):
                    ctx.log.warning("leverage is set with the first entry instead", symbols=failed)

    @asynccontextmanager
    async def _opened(self, ctx: Ctx, address: VenueAddress) -> AsyncIterator[Exchange]:
        try:
            async with open_exchange(ctx, address) as exchange:
                await self._recovered(exchange)
                self._open = exchange
                yield exchange
        except LedgerUnusable as error:
            raise NeedsOperator(str(error)) from error
        finally:
            self._open = None

    async def _recovered(self, exchange: Exchange) -> None:
        try:
            await recover(exchange)
        except VenueRefusal as error:
            if error.code == KEY_REFUSED:
                raise NeedsOperator(f"the venue does not accept the API key: {error}") from error
            raise NotReady(str(error), retry_after_s=max(error.retry_after_s, 1.0)) from error
        except VenueSilent as error:
            raise NotReady(str(error), retry_after_s=0.5) from error

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @staticmethod
    @hookimpl
    def checks() -> tuple[Check, ...]:
        """What the doctor looks at, whether anything runs or not."""
        return (
            Check("orders", databases.orders),
            Check("keys", keys.keys),
            Check("leave_to_trade", safety.leave_to_trade),
        )

    @hookimpl
    async def health(self) -> Health:
        """By effect: how old the reconciliation is, whether the stream is open, what is unclear."""
        if (exchange := self._open) is None:
            return Health.unknown("not connected to a venue yet")
        return health_of(figures_of(exchange))

    @hookimpl
    async def heal(self, finding: Finding) -> str:
        """Dial the user stream again and reconcile with everything."""
        exchange = self._exchange()
        exchange.stream.reconnect()
        exchange.reconciler.hint()
        await exchange.reconciler.reconcile()
        return f"dialled the user stream again and reconciled, for {finding.code}"

    @every(0.25)
    async def watch(self, ctx: Ctx) -> None:
        """Say at once what cannot wait for the next health."""
        if (exchange := self._open) is not None:
            self._urgent.look(ctx, exchange)

    @every(10)
    async def measure_clock(self, ctx: Ctx) -> None:
        """Follow the venue's clock, so that signed requests stay inside their window.

        Often enough that the connection for orders is never idle for the 15 s after which the client drops it.
        """
        try:
            await self._exchange().requests.measure_clock()
        except (VenueRefusal, VenueSilent) as error:
            ctx.log.info("the venue's clock was not measured", why=str(error))

    @every(15)
    async def checkpoint(self, ctx: Ctx) -> None:
        """Tidy exchange.db in a thread, so that no order ever waits for it."""
        try:
            await asyncio.to_thread(self._exchange().books.ledger.checkpoint)
        except sqlite3.Error as error:
            ctx.log.info("exchange.db was not tidied", why=str(error))

    @every(600)
    async def refresh_instruments(self, ctx: Ctx) -> None:
        """Publish the venue's rules where they changed."""
        exchange = self._exchange()
        try:
            found = await exchange.requests.instruments()
        except (VenueRefusal, VenueSilent) as error:
            ctx.log.info("the venue's rules were not refreshed", why=str(error))
            return
        for instrument in (*found, *gone(exchange.instruments, found)):
            if exchange.instruments.get(instrument.symbol) != instrument:
                exchange.instruments[instrument.symbol] = instrument
                await ctx.publish(instrument)

    # --- orders -----------------------------------------------------------------------------------

    @action(effect=True, timeout_s=ENTER_TIMEOUT_S)
    async def enter(  # noqa: PLR0917 - callers name them all
        self,
        ctx: Ctx,
        signal_id: str,
        symbol: str,
        side: Side,
        quantity: Decimal,
        notional: Decimal,
        stop_trigger: Decimal,
        reason: str = "",
        limit: Decimal | None = None,
        wait_s: float = 0.0,
        then_market: bool = False,
    ) -> Entered:
        """Enter behind a stop that is on the venue first, with the risk guard's leave; no signal enters twice.

        At market, or with a `limit` for `wait_s` real seconds (at most LONGEST_WAIT_S), then at market or not at all.
        """
        exchange = self._exchange()
        patience = Patience(limit, min(wait_s, LONGEST_WAIT_S), then_market) if limit is not None else None
        wish = Wish(signal_id, symbol, side, quantity, notional, stop_trigger, reason, patience)
        if (before := exchange.entries.answered(signal_id)) is not None:
            return before
        await exchange.entries.look_at_leftovers(symbol)
        if (refusal := judge_entry(wish, exchange.world(wish))) is None:
            ctx.check_lease()
            approval = exchange.approvals.ask(wish)
            if exchange.approvals.expected:
                return await self._enter(ctx, wish, approval)
            # Looked at again: another wish may have come in while the guard was asked.
            if (refusal := await approval or judge_entry(wish, exchange.world(wish))) is None:
                return await self._enter(ctx, wish, approval)
        ctx.log.info("entry refused", signal=signal_id, symbol=symbol, code=refusal.code.value, why=refusal.sentence)
        return not_entered(exchange.entries.entry_id(signal_id), refusal)

    async def _enter(self, ctx: Ctx, wish: Wish, approval: Awaitable[Refusal | None]) -> Entered:
        exchange = self._exchange()
        with ctx.span("enter", symbol=wish.symbol, side=wish.side.value):
            entered = await exchange.entries.enter(wish, approval, lambda: may_act(exchange.world(wish)))
        exchange.reconciler.hint(wish.symbol)
        return entered

    @action(effect=True, timeout_s=ENTER_TIMEOUT_S)
    async def protect(  # noqa: PLR0917 - callers name them all
        self,
        ctx: Ctx,
        symbol: str,
        trigger: Decimal,
        reason: str = "",
        limit: Decimal | None = None,
        beside: bool = False,
    ) -> Ordered:
        """Put a stop at `trigger` on the whole position; the old one is cancelled once the new one is there.

        With a `limit` it takes no worse price than that; `beside` leaves the stop that closes at market where it is.
        """
        purpose = Purpose.STOP_LIMIT if beside and limit is not None else Purpose.STOP
        return await self._guard(ctx, symbol, purpose, trigger, reason, limit)

    @action(effect=True, timeout_s=ENTER_TIMEOUT_S)
    async def take_profit(self, ctx: Ctx, symbol: str, trigger: Decimal, reason: str = "") -> Ordered:
        """Put a take-profit at `trigger` on the whole position, replacing an older one."""
        return await self._guard(ctx, symbol, Purpose.TAKE_PROFIT, trigger, reason)

    async def _guard(  # noqa: PLR0917 - both callers are above
        self, ctx: Ctx, symbol: str, purpose: Purpose, trigger: Decimal, reason: str, limit: Decimal | None = None
    ) -> Ordered:
        exchange = self._exchange()
        if (why := judge_exit(ctx.posture, _exit_reason(reason))) is not None:
            return refused(why)
        with ctx.span("protect", symbol=symbol, purpose=purpose.value, trigger=str(trigger)):
            answer = await _or_said(exchange.protection.place(symbol, purpose, trigger, reason, limit))
        exchange.reconciler.hint(symbol)
        return answer

    @action(effect=True, timeout_s=ENTER_TIMEOUT_S)
    async def close(self, ctx: Ctx, symbol: str, reason: ExitReason) -> Ordered:
        """Close the whole position at market, reduce-only; nothing but `hands_off` stands in its way."""
        exchange = self._exchange()
        if (why := judge_exit(ctx.posture, reason)) is not None:
            return refused(why)
        with ctx.span("close", symbol=symbol, reason=reason.value):
            answer = await _or_said(exchange.closing.close(symbol, reason))
        exchange.reconciler.hint(symbol)
        return answer

    @action(effect=True, timeout_s=ENTER_TIMEOUT_S)
    async def reduce(self, ctx: Ctx, symbol: str, to: Decimal, reason: ExitReason) -> Ordered:
        """Bring a position down to at most `to` at market, reduce-only; repeated, it does nothing more."""
        exchange = self._exchange()
        if (why := judge_exit(ctx.posture, reason)) is not None:
            return refused(why)
        with ctx.span("reduce", symbol=symbol, reason=reason.value, to=str(to)):
            answer = await _or_said(exchange.closing.reduce(symbol, to, reason))
        exchange.reconciler.hint(symbol)
        return answer

    @action(effect=True)
    async def cancel(self, _: Ctx, intent_id: str) -> Ordered:
        """Cancel an order of ours that waits at the venue. A stop that guards a position is replaced, not cancelled."""
        exchange = self._exchange()
        known = exchange.books.get(intent_id)
        if known is None:
            return refused(f"there is no order {intent_id}; `qt orders` lists them")
        if not known.live:
            return ordered(known, f"it is {known.state.value} and cannot be cancelled")
        guards = exchange.books.protection(known.intent.symbol)
        if exchange.books.held(known.intent.symbol) and guards == [known]:
            return refused(f"it is the only stop of {known.intent.symbol}; place another with exchange.protect first")
        answer = ordered(await exchange.sender.cancel(known))
        exchange.reconciler.hint(known.intent.symbol)
        return answer

    # --- leave to trade real money, given without any process --------------------------------------

    @staticmethod
    @action(effect=True, offline=True, command="arm", help="allow entries with real money for some hours (mode live)")
    def arm(home: Path, fingerprint: str, hours: float = 8.0, confirm: str = "") -> dict[str, Any]:
        """Write the leave; it names the key, ends by itself, and the kill switch removes it."""
        return armed(home, fingerprint, hours, confirm)

    @staticmethod
    @action(effect=True, offline=True, command="disarm", help="take the leave to trade real money back at once")
    def disarm(home: Path) -> dict[str, Any]:
        """Remove the leave; positions keep their stops, and exits go on."""
        return disarmed(home)


async def _or_said(order: Awaitable[Ordered]) -> Ordered:
    """The answer; where the venue could not be asked what to do, that is the answer."""
    try:
        return await order
    except (VenueRefusal, VenueSilent) as error:
        return refused(str(error))


def _exit_reason(reason: str) -> ExitReason:
    return ExitReason(reason) if reason in set(ExitReason) else ExitReason.UNKNOWN
