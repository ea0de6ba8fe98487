"""Every request that this application makes of the venue, in own types.

What protects or closes, and every question about one order or one position, goes by the safety lane;
entries have a lane of their own, and all lists share the third (see `lanes`).
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from ccxt.base.errors import BaseError

from plugins.domain import Bracket, Instrument, Intent, Purpose, Side
from plugins.exchange import wire
from plugins.exchange.lanes import HeldBack, Lanes, lane_of
from plugins.exchange.order_path import Absent, Attempt
from plugins.exchange.replies import NO_SUCH_ORDER, Refused, Unclear, reply_of
from plugins.exchange.weights import Lane
from plugins.exchange.wire import (
    AccountView,
    AlgoView,
    IncomeView,
    OrderView,
    PositionView,
    TradeView,
    Unreadable,
    limit_from,
    object_of,
    rows_of,
)
from plugins.venue import VenueClient
from qtcore import QtError

V = TypeVar("V")

PAGE = 1000
"""Rows that the venue returns at most for trades and income."""


class VenueSilent(QtError):
    """A reading request got no answer that could be used; ask again."""


class VenueRefusal(QtError):
    """The venue refused a reading request; `code` is its number."""

    def __init__(self, sentence: str, code: int | None, retry_after_s: float) -> None:
        super().__init__(sentence)
        self.code = code
        self.retry_after_s = retry_after_s


class Requests:
    """The venue's REST interface over the lanes."""

    def __init__(self, lanes: Lanes, *, working_type: str, weight_limit: int | None = None) -> None:
        self.lanes = lanes
        self._weight_limit = weight_limit or sys.maxsize
        if weight_limit:  # it holds from the first request on, not only once the venue has said its own
            lanes.weights.limit = weight_limit
        self.clock = lanes.clock
        self._working_type = working_type
        self.odd_symbols: dict[str, str] = {}
        self._brackets: dict[str, tuple[Bracket, ...]] = {}

    @property
    def weight_1m(self) -> int:
        """Request weight used in the current minute."""
        return self.lanes.weights.used(self.clock.now_ms())

    @property
    def weight_share(self) -> float:
        """The part of the minute's weight that is used."""
        return self.weight_1m / self.lanes.weights.limit

    async def close(self) -> None:
        """Close all clients."""
        await self.lanes.close()

    # --- orders -----------------------------------------------------------------------------------

    async def place(self, intent: Intent, attempt: Attempt) -> OrderView | AlgoView | Refused | Unclear:
        """Send an order; every way in which it can end is a value, because all of them matter."""
        stamped = {"timestamp": attempt.sent_ms, "recvWindow": attempt.recv_window_ms}
        lane = lane_of(intent)
        if intent.trigger is None:
            asked = self.lanes.ask(lane, "fapiPrivatePostOrder", _plain(intent) | stamped, weight=0)
            return await _sent(asked, "order", wire.order_from)
        order = _conditional(intent, self._working_type) | stamped
        asked = self.lanes.ask(lane, "fapiPrivatePostAlgoOrder", order, weight=0)
        return await _sent(asked, "conditional order", wire.algo_from)

    async def cancel_order(self, symbol: str, client_id: str) -> Refused | Unclear | None:
        """Cancel in the matching engine; None when the venue did."""
        by = {"symbol": symbol, "origClientOrderId": client_id}
        return await _cancelled(self.lanes.ask(Lane.SAFETY, "fapiPrivateDeleteOrder", by))

    async def cancel_algo(self, client_id: str) -> Refused | Unclear | None:
        """Cancel a conditional order; None when the venue did."""
        by = {"clientAlgoId": client_id}
        return await _cancelled(self.lanes.ask(Lane.SAFETY, "fapiPrivateDeleteAlgoOrder", by))

    async def set_leverage(self, symbol: str, leverage: int) -> int:
        """Set the leverage of a symbol and return what the venue says it is now. Raises VenueRefusal, VenueSilent."""
        wanted = {"symbol": symbol, "leverage": leverage}
        answer = await _read(self.lanes.ask(Lane.ENTRY, "fapiPrivatePostLeverage", wanted))
        return int(_object(answer, "leverage").get("leverage", 0))

    # --- asking about one order -------------------------------------------------------------------

    async def order(self, symbol: str, *, client_id: str = "", order_id: str = "") -> OrderView | Absent:
        """An order of the matching engine by either id. Raises VenueRefusal, VenueSilent."""
        by = {"origClientOrderId": client_id} if client_id else {"orderId": order_id}
        asked_ms = self.clock.now_ms()
        try:
            answer = await _read(self.lanes.ask(Lane.SAFETY, "fapiPrivateGetOrder", {"symbol": symbol, **by}))
        except VenueRefusal as refusal:
            return _absent_or_raise(refusal, asked_ms)
        return _readable(wire.order_from, _object(answer, "order"))

    async def algo(self, client_id: str) -> AlgoView | Absent:
        """A conditional order by client id. Raises VenueRefusal, VenueSilent."""
        asked_ms = self.clock.now_ms()
        try:
            answer = await _read(self.lanes.ask(Lane.SAFETY, "fapiPrivateGetAlgoOrder", {"clientAlgoId": client_id}))
        except VenueRefusal as refusal:
            return _absent_or_raise(refusal, asked_ms)
        return _readable(wire.algo_from, _object(answer, "conditional order"))

    # --- the account ------------------------------------------------------------------------------

    async def positions(self, symbol: str | None = None) -> dict[str, PositionView]:
        """Open positions by symbol. Raises VenueRefusal, VenueSilent."""
        lane, one = (Lane.SAFETY, {"symbol": symbol}) if symbol else (Lane.DATA, {})
        answer = await _read(self.lanes.ask(lane, "fapiPrivateV3GetPositionRisk", one, weight=5))
        found = [_readable(wire.position_from, row) for row in _rows(answer, "positions")]
        return {position.symbol: position for position in found if position is not None}

    async def account(self) -> AccountView:
        """The account's sums. Raises VenueRefusal, VenueSilent."""
        answer = await self._data("fapiPrivateV3GetAccount", weight=5)
        return _readable(wire.account_from, _object(answer, "account"))

    async def open_orders(self, symbol: str | None = None) -> list[OrderView]:
        """Working orders of the matching engine (weight 1 a symbol, 40 for all). Raises VenueRefusal, VenueSilent."""
        answer = await self._open("fapiPrivateGetOpenOrders", symbol)
        return [_readable(wire.order_from, row) for row in _rows(answer, "open orders")]

    async def open_algos(self, symbol: str | None = None) -> list[AlgoView]:
        """Waiting conditional orders (weight 1 a symbol, 40 for all). Raises VenueRefusal, VenueSilent."""
        answer = await self._open("fapiPrivateGetOpenAlgoOrders", symbol)
        return [_readable(wire.algo_from, row) for row in _rows(answer, "open conditional orders")]

    async def trades_from(self, symbol: str, trade_id: int) -> list[TradeView]:
        """At most PAGE executions from `trade_id` on, in order. Raises VenueRefusal, VenueSilent."""
        asked = {"symbol": symbol, "fromId": trade_id, "limit": PAGE}
        answer = await self._data("fapiPrivateGetUserTrades", asked, weight=5)
        return sorted((_readable(wire.trade_from, row) for row in _rows(answer, "trades")), key=lambda t: t.trade_id)

    async def mark_prices(self) -> dict[str, tuple[Decimal, datetime]]:
        """What each symbol is worth now, and of when (market time) that is. Raises VenueRefusal, VenueSilent."""
        rows = _rows(await self._data("fapiPublicGetPremiumIndex", weight=10), "mark prices")
        return dict(_readable(wire.mark_price_from, row) for row in rows)

    async def income_since(self, since_ms: int) -> list[IncomeView]:
        """At most PAGE wallet changes from a market time (ms) on, in order. Raises VenueRefusal, VenueSilent."""
        answer = await self._data("fapiPrivateGetIncome", {"startTime": since_ms, "limit": PAGE}, weight=30)
        return sorted((_readable(wire.income_from, row) for row in _rows(answer, "income")), key=lambda i: i.at)

    async def leverages(self) -> dict[str, int]:
        """The leverage set for each symbol. Raises VenueRefusal, VenueSilent."""
        answer = await self._data("fapiPrivateGetSymbolConfig", weight=5)
        return {str(row["symbol"]): int(row["leverage"]) for row in _rows(answer, "symbol settings")}

    async def hedge_mode(self) -> bool:
        """Whether the account keeps long and short positions apart. Raises VenueRefusal, VenueSilent."""
        answer = await self._data("fapiPrivateGetPositionSideDual", weight=30)
        return bool(_object(answer, "position mode").get("dualSidePosition"))

    # --- everything else --------------------------------------------------------------------------

    async def instruments(self) -> list[Instrument]:
        """Every symbol with complete filters; also notes the venue's limits. Raises VenueRefusal, VenueSilent.

        A symbol that cannot be read is in `odd_symbols`, with the reason: without filters there is no order in it, and
        the others trade all the same.
        """
        answer = _object(await self._data("fapiPublicGetExchangeInfo"), "exchange information")
        weights = self.lanes.weights
        weights.limit = min(
            self._weight_limit, _readable(lambda it: limit_from(it, "REQUEST_WEIGHT", "MINUTE"), answer)
        )
        weights.orders_limit = _readable(lambda it: limit_from(it, "ORDERS", "SECOND"), answer)
        usable = [row for row in _rows(answer.get("symbols"), "symbols") if row.get("contractType") == "PERPETUAL"]
        found: list[Instrument] = []
        self.odd_symbols = {}
        for row in usable:
            try:
                found.append(wire.instrument_from(row))
            except Unreadable as error:
                self.odd_symbols[str(row.get("symbol"))] = str(error)
        await self._read_brackets()
        return [replace(each, brackets=self._brackets.get(each.symbol, ())) for each in found]

    async def _read_brackets(self) -> None:
        """Learn the margin tables; where that fails the last ones hold, and without any a strict one is assumed."""
        try:
            rows = _rows(await self._data("fapiPrivateGetLeverageBracket"), "leverage brackets")
            self._brackets = dict(_readable(wire.brackets_from, row) for row in rows)
        except (VenueRefusal, VenueSilent):
            return

    async def measure_clock(self) -> None:
        """Ask the venue's time by both lanes of orders and set `clock` by it. Raises VenueRefusal, VenueSilent.

        It also keeps their connections open: the first order after a quiet time must not wait for a handshake.
        """
        for lane in (Lane.ENTRY, Lane.SAFETY):
            await _read(self.lanes.measure_clock(lane))

    async def listen_key(self) -> str:
        """A key for the user stream. Raises VenueRefusal, VenueSilent."""
        return str(_object(await self._data("fapiPrivatePostListenKey"), "listen key")["listenKey"])

    async def keep_listen_key(self) -> None:
        """Make the listen key last another hour. Raises VenueRefusal, VenueSilent."""
        await self._data("fapiPrivatePutListenKey")

    def user_stream(self, listen_key: str) -> tuple[VenueClient, str]:
        """The client and URL to open the user stream with."""
        client: Any = self.lanes.stream_client()
        return client, str(client.get_private_ws_url("linear", listen_key))

    async def _data(self, endpoint: str, asked: dict[str, Any] | None = None, *, weight: int = 1) -> Any:
        return await _read(self.lanes.ask(Lane.DATA, endpoint, asked, weight=weight))

    async def _open(self, endpoint: str, symbol: str | None) -> Any:
        return await self._data(endpoint, {"symbol": symbol} if symbol else {}, weight=1 if symbol else 40)


def _plain(intent: Intent) -> dict[str, Any]:
    asked = {
        "symbol": intent.symbol,
        "side": _word_of(intent.side),
        "type": "MARKET",
        "quantity": format(intent.quantity, "f"),
        "newClientOrderId": intent.id,
        "newOrderRespType": "RESULT",
    }
    if intent.price is not None:
        asked |= {"type": "LIMIT", "price": format(intent.price, "f"), "timeInForce": "GTC"}
    # Only ever sent as true: a missing flag on an order that should close would open a position instead.
    return asked | {"reduceOnly": "true"} if intent.reduce_only else asked


def _conditional(intent: Intent, working_type: str) -> dict[str, Any]:
    kind = "TAKE_PROFIT" if intent.purpose is Purpose.TAKE_PROFIT else "STOP"
    asked: dict[str, Any] = {
        "algoType": "CONDITIONAL",
        "symbol": intent.symbol,
        "side": _word_of(intent.side),
        "type": kind if intent.price is not None else f"{kind}_MARKET",
        "triggerPrice": format(intent.trigger or wire.ZERO, "f"),
        "workingType": working_type,
        "clientAlgoId": intent.id,
    }
    if intent.price is not None:
        asked |= {"price": format(intent.price, "f"), "timeInForce": "GTC"}
    if intent.close_position:
        return asked | {"closePosition": "true"}
    return asked | {"quantity": format(intent.quantity, "f"), "reduceOnly": "true"}


def _word_of(side: Side) -> str:
    return "BUY" if side is Side.LONG else "SELL"


async def _sent(asked: Awaitable[Any], what: str, read: Callable[[wire.Json], V]) -> V | Refused | Unclear:
    try:
        return read(object_of(await asked, what))
    except HeldBack as held:
        return Refused(None, str(held), held.for_s)
    except BaseError as error:
        return reply_of(error)
    except Unreadable as error:
        return Unclear(str(error))


async def _cancelled(asked: Awaitable[Any]) -> Refused | Unclear | None:
    try:
        await asked
    except HeldBack as held:
        return Refused(None, str(held), held.for_s)
    except BaseError as error:
        return reply_of(error)
    return None


async def _read(asked: Awaitable[Any]) -> Any:
    try:
        return await asked
    except HeldBack as held:
        raise VenueRefusal(str(held), None, held.for_s) from held
    except Unreadable as error:
        raise VenueSilent(str(error)) from error
    except BaseError as error:
        reply = reply_of(error)
        if isinstance(reply, Refused):
            raise VenueRefusal(
                f"the venue refused: {reply.sentence} ({reply.code})", reply.code, reply.retry_after_s
            ) from error
        raise VenueSilent(f"the venue gave no usable answer: {reply.why}; asking again") from error


def _absent_or_raise(refusal: VenueRefusal, asked_ms: int) -> Absent:
    if refusal.code == NO_SUCH_ORDER:
        return Absent(asked_ms)
    raise refusal


def _readable(read: Callable[[Any], V], row: object) -> V:
    try:
        return read(row)
    except Unreadable as error:
        raise VenueSilent(str(error)) from error


def _rows(answer: object, what: str) -> Sequence[wire.Json]:
    return _readable(lambda it: rows_of(it, what), answer)


def _object(answer: object, what: str) -> wire.Json:
    return _readable(lambda it: object_of(it, what), answer)
