"""The closed sets of words that the venue speaks; values are the words on the wire."""

from enum import StrEnum


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 adds to a long position, -1 to a short one."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """What the matching engine executes."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"


class AlgoType(StrEnum):
    """What waits for a price outside the matching engine."""

    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"

    @property
    def is_stop(self) -> bool:
        """True: fires when the price moves with the order's side; False: when it moves against it."""
        return self in (AlgoType.STOP, AlgoType.STOP_MARKET)

    @property
    def is_market(self) -> bool:
        return self in (AlgoType.STOP_MARKET, AlgoType.TAKE_PROFIT_MARKET)


class TimeInForce(StrEnum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"


class WorkingType(StrEnum):
    """Which price a conditional order watches."""

    CONTRACT_PRICE = "CONTRACT_PRICE"
    MARK_PRICE = "MARK_PRICE"


class OrderStatus(StrEnum):
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"

    @property
    def is_open(self) -> bool:
        return self in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


class Execution(StrEnum):
    """Why an order update is sent."""

    NEW = "NEW"
    TRADE = "TRADE"
    CALCULATED = "CALCULATED"
    """A trade that the venue forced."""
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    AMENDMENT = "AMENDMENT"


class AlgoStatus(StrEnum):
    """Life of a conditional order; FINISHED means filled *or* cancelled in the matching engine."""

    NEW = "NEW"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FINISHED = "FINISHED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"

    @property
    def is_waiting(self) -> bool:
        return self is AlgoStatus.NEW

    @property
    def is_live(self) -> bool:
        return self in (AlgoStatus.NEW, AlgoStatus.TRIGGERING, AlgoStatus.TRIGGERED)


class IncomeType(StrEnum):
    """Why the wallet changed; the wallet is always the sum of all incomes."""

    TRANSFER = "TRANSFER"
    REALIZED_PNL = "REALIZED_PNL"
    COMMISSION = "COMMISSION"
    FUNDING_FEE = "FUNDING_FEE"
    INSURANCE_CLEAR = "INSURANCE_CLEAR"
    """Paid to the insurance fund with a liquidation, or by it when the wallet would end below zero."""


class AccountReason(StrEnum):
    """Why an account update is sent."""

    ORDER = "ORDER"
    FUNDING_FEE = "FUNDING_FEE"
    INSURANCE_CLEAR = "INSURANCE_CLEAR"
