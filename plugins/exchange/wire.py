"""The venue's answers as own frozen types: figures from its strings, words from closed sets, nothing guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from plugins.domain import Bracket, Instrument, Side
from qtcore import QtError

Json = Mapping[str, Any]
W = TypeVar("W", bound=StrEnum)
ZERO = Decimal(0)


class Unreadable(QtError):
    """The venue answered something that is not what it documents; nothing may be concluded from it."""


class OrderStatus(StrEnum):
    """Life of an order in the matching engine."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"
    REJECTED = "REJECTED"
    NEW_ADL = "NEW_ADL"
    NEW_INSURANCE = "NEW_INSURANCE"

    @property
    def over(self) -> bool:
        """Whether nothing more can happen to it."""
        return self not in _WORKING


_WORKING = {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.NEW_ADL, OrderStatus.NEW_INSURANCE}


class AlgoStatus(StrEnum):
    """Life of a conditional order. FINISHED means that its child order is filled *or* cancelled."""

    NEW = "NEW"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FINISHED = "FINISHED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as the venue describes it; quantities in base asset."""

    order_id: str
    client_id: str
    symbol: str
    side: Side
    status: OrderStatus
    quantity: Decimal
    executed: Decimal
    average_price: Decimal | None
    reduce_only: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AlgoView:
    """A conditional order as the venue describes it. `child_order_id` is set once it was triggered.

    `quantity` is None with `close_position`. What was executed is the child's business.
    """

    algo_id: str
    client_id: str
    symbol: str
    side: Side
    kind: str
    status: AlgoStatus
    trigger: Decimal
    quantity: Decimal | None
    close_position: bool
    reduce_only: bool
    child_order_id: str | None
    reject_reason: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TradeView:
    """One execution of ours, as the venue booked it."""

    trade_id: int
    order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    realised_pnl: Decimal
    maker: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class PositionView:
    """An open position; quantity unsigned."""

    symbol: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealised_pnl: Decimal
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AccountView:
    """The account's sums in USDT."""

    wallet_balance: Decimal
    equity: Decimal
    available: Decimal
    unrealised_pnl: Decimal


@dataclass(frozen=True, slots=True)
class IncomeView:
    """One change of the wallet."""

    transaction_id: str
    kind: str
    symbol: str
    amount: Decimal
    asset: str
    at: datetime


def order_from(row: Json) -> OrderView:
    """An order of `/fapi/v1/order` or `/openOrders`. Raises Unreadable."""
    executed = _decimal(row, "executedQty")
    return OrderView(
        order_id=_text(row, "orderId"),
        client_id=_text(row, "clientOrderId"),
        symbol=_text(row, "symbol"),
        side=_side(row),
        status=_word(OrderStatus, row, "status"),
        quantity=_decimal(row, "origQty"),
        executed=executed,
        average_price=_decimal(row, "avgPrice") if executed else None,
        reduce_only=bool(row.get("reduceOnly", False)),
        updated_at=_time(row, "updateTime"),
    )


def mark_price_from(row: Json) -> tuple[str, tuple[Decimal, datetime]]:
    """A symbol, its mark price and of when (market time) it is, of `/fapi/v1/premiumIndex`. Raises Unreadable."""
    return _text(row, "symbol"), (_decimal(row, "markPrice"), _time(row, "time"))


def algo_from(row: Json) -> AlgoView:
    """A conditional order of `/fapi/v1/algoOrder` or `/openAlgoOrders`. Raises Unreadable."""
    quantity = row.get("quantity")
    return AlgoView(
        algo_id=_text(row, "algoId"),
        client_id=_text(row, "clientAlgoId"),
        symbol=_text(row, "symbol"),
        side=_side(row),
        kind=_text(row, "orderType"),
        status=_word(AlgoStatus, row, "algoStatus"),
        trigger=_decimal(row, "triggerPrice"),
        quantity=(_decimal(row, "quantity") or None) if quantity not in {None, ""} else None,
        close_position=bool(row.get("closePosition", False)),
        reduce_only=bool(row.get("reduceOnly", False)),
        child_order_id=str(row.get("actualOrderId") or "") or None,
        reject_reason=str(row.get("rejectReason") or ""),
        updated_at=_time(row, "updateTime"),
    )


def trade_from(row: Json) -> TradeView:
    """An execution of `/fapi/v1/userTrades`. Raises Unreadable."""
    return TradeView(
        trade_id=int(_decimal(row, "id")),
        order_id=_text(row, "orderId"),
        symbol=_text(row, "symbol"),
        side=_side(row),
        quantity=_decimal(row, "qty"),
        price=_decimal(row, "price"),
        fee=_decimal(row, "commission"),
        fee_asset=_text(row, "commissionAsset"),
        realised_pnl=_decimal(row, "realizedPnl"),
        maker=bool(row.get("maker", False)),
        at=_time(row, "time"),
    )


def position_from(row: Json) -> PositionView | None:
    """An open position of `/fapi/v3/positionRisk`; None for a flat row. Raises Unreadable."""
    if (side := _text(row, "positionSide")) != "BOTH":
        raise Unreadable(
            f"the venue reports a {side} position: the account is in hedge mode; switch it to one-way mode"
        )
    amount = _decimal(row, "positionAmt")
    if not amount:
        return None
    return PositionView(
        symbol=_text(row, "symbol"),
        side=Side.LONG if amount > 0 else Side.SHORT,
        quantity=abs(amount),
        entry_price=_decimal(row, "entryPrice"),
        mark_price=_decimal(row, "markPrice"),
        unrealised_pnl=_decimal(row, "unRealizedProfit"),
        updated_at=_time(row, "updateTime"),
    )


def account_from(row: Json) -> AccountView:
    """The sums of `/fapi/v3/account`. Raises Unreadable."""
    return AccountView(
        wallet_balance=_decimal(row, "totalWalletBalance"),
        equity=_decimal(row, "totalMarginBalance"),
        available=_decimal(row, "availableBalance"),
        unrealised_pnl=_decimal(row, "totalUnrealizedProfit"),
    )


def income_from(row: Json) -> IncomeView:
    """A row of `/fapi/v1/income`. Raises Unreadable."""
    return IncomeView(
        transaction_id=_text(row, "tranId"),
        kind=_text(row, "incomeType"),
        symbol=str(row.get("symbol") or ""),
        amount=_decimal(row, "income"),
        asset=_text(row, "asset"),
        at=_time(row, "time"),
    )


def instrument_from(row: Json) -> Instrument:
    """A symbol of `/fapi/v1/exchangeInfo` with its filters. Raises Unreadable."""
    filters = {str(item.get("filterType")): item for item in rows_of(row.get("filters", []), "filters")}
    missing = {"PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE", "MIN_NOTIONAL"} - filters.keys()
    if missing:
        raise Unreadable(f"{_text(row, 'symbol')} comes without {', '.join(sorted(missing))}; it cannot be traded")
    return Instrument(
        symbol=_text(row, "symbol"),
        tick=_decimal(filters["PRICE_FILTER"], "tickSize"),
        step=_decimal(filters["LOT_SIZE"], "stepSize"),
        minimum_quantity=_decimal(filters["LOT_SIZE"], "minQty"),
        maximum_market_quantity=_decimal(filters["MARKET_LOT_SIZE"], "maxQty"),
        minimum_notional=_decimal(filters["MIN_NOTIONAL"], "notional"),
        status=_text(row, "status"),
    )


def brackets_from(row: Json) -> tuple[str, tuple[Bracket, ...]]:
    """A symbol of `/fapi/v1/leverageBracket` with its margin table, lowest notional first. Raises Unreadable."""
    rows = rows_of(row.get("brackets"), "leverage brackets")
    table = tuple(sorted((_bracket_from(each) for each in rows), key=lambda bracket: bracket.floor))
    rates = [bracket.maintenance_rate for bracket in table]
    if not table or rates != sorted(rates) or not all(ZERO < rate < 1 for rate in rates):
        raise Unreadable(f"the margin table of {_text(row, 'symbol')} does not grow: {rates}")
    return _text(row, "symbol"), table


def _bracket_from(row: Json) -> Bracket:
    return Bracket(
        floor=_number(row, "notionalFloor"),
        cap=_number(row, "notionalCap"),
        maximum_leverage=int(_number(row, "initialLeverage")),
        maintenance_rate=_number(row, "maintMarginRatio"),
        maintenance_amount=_number(row, "cum"),
    )


def _number(row: Json, name: str) -> Decimal:
    """A figure that the venue writes as a number; its shortest text is what was meant."""
    return _decimal({name: str(row.get(name))}, name)


def limit_from(row: Json, kind: str, interval: str) -> int:
    """A limit of `/fapi/v1/exchangeInfo`, such as REQUEST_WEIGHT by MINUTE. Raises Unreadable."""
    limits = rows_of(row.get("rateLimits"), "rate limits")
    for limit in limits:
        if (limit.get("rateLimitType"), limit.get("interval")) == (kind, interval):
            return int(_decimal(limit, "limit"))
    raise Unreadable(f"the venue names no limit {kind} by {interval}")


def rows_of(answer: object, what: str) -> Sequence[Json]:
    """A list of objects, as documented; anything else is not an empty list but no answer. Raises Unreadable."""
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise Unreadable(f"the venue's {what} are {type(answer).__name__}, not a list of objects; asking again later")
    return answer


def object_of(answer: object, what: str) -> Json:
    """One object, as documented. Raises Unreadable."""
    if not isinstance(answer, dict):
        raise Unreadable(f"the venue's {what} is {type(answer).__name__}, not an object; asking again later")
    return answer


def _text(row: Json, name: str) -> str:
    value = row.get(name)
    if value is None or value == "":
        raise Unreadable(f"the venue's answer has no {name!r}; its fields are {', '.join(sorted(row))}")
    return str(value)


def _decimal(row: Json, name: str) -> Decimal:
    text = _text(row, name)
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise Unreadable(f"the venue's {name!r} is {text!r}, which is no number") from error
    if not value.is_finite():
        raise Unreadable(f"the venue's {name!r} is {text}, which is no amount")
    return value


def _time(row: Json, name: str) -> datetime:
    return datetime.fromtimestamp(int(_decimal(row, name)) / 1000, UTC)


def _side(row: Json) -> Side:
    side = _text(row, "side")
    if side not in {"BUY", "SELL"}:
        raise Unreadable(f"the venue's 'side' is {side!r}, neither BUY nor SELL")
    return Side.LONG if side == "BUY" else Side.SHORT


def _word(words: type[W], row: Json, name: str) -> W:
    text = _text(row, name)
    try:
        return words(text)
    except ValueError as error:
        raise Unreadable(f"the venue's {name!r} is {text!r}, a word this version does not know") from error
