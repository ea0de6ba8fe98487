"""What faults do to the venue itself while they are on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from plugins.paper_exchange.core.events import Deleverage, Delist, Liquidate, ReleaseTriggers
from plugins.paper_exchange.core.quirks import Still, SymbolStatus, Thin
from plugins.paper_exchange.faults.board import Active, Board, Effect
from plugins.paper_exchange.faults.kinds import (
    BracketChange,
    Deleveraging,
    Delisting,
    Disconnect,
    FilterChange,
    FrozenMarket,
    FundingInterval,
    HalfOpen,
    Liquidation,
    ListenKeyExpired,
    Mute,
    NoSuchFaultError,
    PartialChild,
    SocketGroup,
    StaleSnapshot,
    StuckTrigger,
)
from plugins.paper_exchange.faults.rest import RestFaults
from plugins.paper_exchange.market.brackets import Brackets, bracket_ladder
from plugins.paper_exchange.market.source import SymbolRules
from plugins.paper_exchange.play.funding import HOUR_MS
from plugins.paper_exchange.server.sockets import Socket, Sockets
from plugins.paper_exchange.venue import LEDGER_RETRY_S, LedgerDownError, Venue

Snapshot = Callable[[], Awaitable[Mapping[str, Any]]]


class VenueEffects:
    """Faults that change the account, the market or the connections. `expire_keys` ends all listen keys."""

    def __init__(
        self,
        venue: Venue,
        board: Board,
        rest: RestFaults,
        sockets: Sockets,
        *,
        snapshot: Snapshot,
        expire_keys: Callable[[bool], None],
    ) -> None:
        self._venue = venue
        self._board = board
        self._rest = rest
        self._sockets = sockets
        self._snapshot = snapshot
        self._expire_keys = expire_keys

    def effect_of(self, active: Active) -> Effect | None:  # noqa: C901, PLR0911, PLR0912 - one flat line a kind
        """See Effects. Raises NoSuchFaultError for a symbol that is not traded here."""
        fault = active.fault
        self._check_symbol(getattr(fault, "symbol", ""))
        match fault:
            case StuckTrigger():
                return self._stuck_trigger(fault)
            case PartialChild():
                return self._partial_child(fault, active)
            case Deleveraging():
                return self._deleveraging(fault)
            case Liquidation():
                return self._liquidation(fault)
            case FundingInterval():
                return self._funding_interval(fault)
            case BracketChange():
                return self._bracket_change(fault)
            case Delisting():
                return self._delisting(fault)
            case FilterChange():
                return self._filter_change(fault)
            case StaleSnapshot():
                return self._stale_snapshot()
            case FrozenMarket():
                return self._frozen_market(fault)
            case Mute():
                return self._mute(fault)
            case HalfOpen():
                return self._half_open(fault)
            case Disconnect():
                return self._disconnect(fault)
            case ListenKeyExpired():
                return self._listen_key_expired(fault)
            case _:
                return None

    @asynccontextmanager
    async def _stuck_trigger(self, fault: StuckTrigger) -> AsyncIterator[None]:
        self._venue.account.quirks.held.add(fault.symbol)
        yield
        self._venue.account.quirks.held.discard(fault.symbol)
        while not await self._released():  # noqa: ASYNC110 - nobody says when the disk is well again
            await asyncio.sleep(LEDGER_RETRY_S)

    async def _released(self) -> bool:
        try:
            await self._venue.apply(ReleaseTriggers(self._venue.now_ms()))
        except LedgerDownError:  # the venue already says that its ledger is down
            return False
        return True

    @asynccontextmanager
    async def _partial_child(self, fault: PartialChild, active: Active) -> AsyncIterator[None]:
        def struck() -> None:
            if active.left is not None:
                active.left -= 1
                self._board.used_up()

        self._venue.account.quirks.thin[fault.symbol] = Thin(fault.fraction, fault.bound_count, struck)
        yield
        self._venue.account.quirks.thin.pop(fault.symbol, None)

    @asynccontextmanager
    async def _deleveraging(self, fault: Deleveraging) -> AsyncIterator[None]:
        await self._venue.apply(Deleverage(self._venue.now_ms(), fault.symbol, fault.fraction))
        yield

    @asynccontextmanager
    async def _liquidation(self, fault: Liquidation) -> AsyncIterator[None]:
        await self._venue.apply(Liquidate(self._venue.now_ms(), fault.symbol))
        self._venue.account.quirks.liquidating = True
        yield
        self._venue.account.quirks.liquidating = False

    @asynccontextmanager
    async def _funding_interval(self, fault: FundingInterval) -> AsyncIterator[None]:
        schedule = self._venue.schedule
        change = schedule.change(fault.symbol, self._venue.now_ms(), fault.hours * HOUR_MS, fault.rate)
        yield
        schedule.end(change, self._venue.now_ms())

    @asynccontextmanager
    async def _bracket_change(self, fault: BracketChange) -> AsyncIterator[None]:
        before = self._venue.account.brackets[fault.symbol]
        self._venue.account.brackets[fault.symbol] = tightened(before, fault.factor)
        yield
        self._venue.account.brackets[fault.symbol] = before

    @asynccontextmanager
    async def _delisting(self, fault: Delisting) -> AsyncIterator[None]:
        status = SymbolStatus.CLOSE if fault.settle else SymbolStatus.SETTLING
        self._venue.account.quirks.status[fault.symbol] = status
        if fault.settle:
            await self._venue.apply(Delist(self._venue.now_ms(), fault.symbol))
        yield
        self._venue.account.quirks.status.pop(fault.symbol, None)

    @asynccontextmanager
    async def _filter_change(self, fault: FilterChange) -> AsyncIterator[None]:
        before = self._venue.account.rules[fault.symbol]
        self._venue.account.rules[fault.symbol] = refiltered(before, fault)
        yield
        self._venue.account.rules[fault.symbol] = before

    @asynccontextmanager
    async def _frozen_market(self, fault: FrozenMarket) -> AsyncIterator[None]:
        account = self._venue.account
        price = account.prices[fault.symbol]
        account.quirks.still[fault.symbol] = Still(price.last, price.previous, self._venue.now_ms())
        yield
        account.quirks.still.pop(fault.symbol, None)

    @asynccontextmanager
    async def _stale_snapshot(self) -> AsyncIterator[None]:
        self._rest.frozen = await self._snapshot()
        yield
        self._rest.frozen = {}

    @asynccontextmanager
    async def _mute(self, fault: Mute) -> AsyncIterator[None]:
        def is_muted(stream: str) -> bool:
            return fnmatchcase(stream, fault.streams)

        self._sockets.mutes.append(is_muted)
        yield
        self._sockets.mutes.remove(is_muted)

    @asynccontextmanager
    async def _half_open(self, fault: HalfOpen) -> AsyncIterator[None]:
        chosen = self._chosen(fault.sockets)
        for socket in chosen:
            socket.freeze()
        yield
        for socket in chosen:
            socket.abort()

    @asynccontextmanager
    async def _disconnect(self, fault: Disconnect) -> AsyncIterator[None]:
        for socket in self._chosen(fault.sockets):
            socket.finish()
        yield

    @asynccontextmanager
    async def _listen_key_expired(self, fault: ListenKeyExpired) -> AsyncIterator[None]:
        self._expire_keys(fault.close)
        yield

    def _chosen(self, group: SocketGroup) -> list[Socket]:
        return [socket for socket in self._sockets.all if group in (SocketGroup.ALL, socket.group)]

    def _check_symbol(self, symbol: str) -> None:
        known = self._venue.account.rules
        if symbol and symbol not in known:
            near = get_close_matches(symbol, known, n=1)
            meant = f"; did you mean {near[0]}?" if near else f" (there are {', '.join(known)})"
            raise NoSuchFaultError(f"this venue does not trade {symbol}{meant}")


def tightened(brackets: Brackets, factor: int) -> Brackets:
    """Leverages and caps divided, rates multiplied (1 at most)."""
    rungs: dict[int, tuple[int, Decimal, Decimal]] = {}
    for one in brackets:
        leverage = max(1, one.leverage // factor)
        rungs[leverage] = (leverage, one.cap / factor, min(one.rate * factor, Decimal(1)))
    return bracket_ladder(list(rungs.values()))


def refiltered(rules: SymbolRules, fault: FilterChange) -> SymbolRules:
    """The rules with the filters that a change names, and as many decimals as these need."""
    tick, step = fault.tick_size or rules.tick_size, fault.step_size or rules.step_size
    return replace(
        rules,
        tick_size=tick,
        step_size=step,
        min_quantity=max(rules.min_quantity, step),
        min_notional=fault.min_notional or rules.min_notional,
        price_precision=max(rules.price_precision, _decimals(tick)),
        quantity_precision=max(rules.quantity_precision, _decimals(step)),
    )


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
