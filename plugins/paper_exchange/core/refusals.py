"""Every reason for which the venue says no, with the venue's own code and sentence."""

from __future__ import annotations

from decimal import Decimal


class Refusal(Exception):
    """A request was refused and changed nothing. `code` is the venue's number, `http` the status it travels with."""

    def __init__(self, code: int, message: str, http: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.http = http


def missing(name: str) -> Refusal:
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def bad_value(name: str) -> Refusal:
    return Refusal(-1130, f"Data sent for parameter '{name}' is not valid.")


def bad_symbol() -> Refusal:
    return Refusal(-1121, "Invalid symbol.")


def too_precise() -> Refusal:
    return Refusal(-1111, "Precision is over the maximum defined for this asset.")


def not_needed(name: str) -> Refusal:
    return Refusal(-1106, f"Parameter '{name}' sent when not required.")


def bad_order_type() -> Refusal:
    return Refusal(-1116, "Invalid orderType.")


def wrong_endpoint() -> Refusal:
    return Refusal(
        -4120,
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    )


def unknown_order_to_cancel() -> Refusal:
    return Refusal(-2011, "Unknown order sent.")


def unknown_order() -> Refusal:
    return Refusal(-2013, "Order does not exist.")


def margin_too_small() -> Refusal:
    return Refusal(-2019, "Margin is insufficient.")


def triggers_at_once() -> Refusal:
    return Refusal(-2021, "Order would immediately trigger.")


def nothing_to_reduce() -> Refusal:
    return Refusal(-2022, "ReduceOnly Order is rejected.")


def in_liquidation() -> Refusal:
    return Refusal(-2023, "User in liquidation mode now.")


def position_too_large() -> Refusal:
    return Refusal(-2027, "Exceeded the maximum allowable position at current leverage.")


def leverage_margin_too_small() -> Refusal:
    return Refusal(-2028, "Leverage is smaller than permitted: insufficient margin balance.")


def price_not_positive() -> Refusal:
    return Refusal(-4001, "Price less than 0.")


def price_above_max() -> Refusal:
    return Refusal(-4002, "Price greater than max price.")


def quantity_not_positive() -> Refusal:
    return Refusal(-4003, "Quantity less than or equal to zero.")


def quantity_below_min() -> Refusal:
    return Refusal(-4004, "Quantity less than min quantity.")


def quantity_above_max() -> Refusal:
    return Refusal(-4005, "Quantity greater than max quantity.")


def trigger_not_positive() -> Refusal:
    return Refusal(-4006, "Stop price less than zero.")


def price_below_min() -> Refusal:
    return Refusal(-4013, "Price less than min price.")


def price_off_tick() -> Refusal:
    return Refusal(-4014, "Price not increased by tick size.")


def client_id_malformed() -> Refusal:
    return Refusal(-4015, "Client order id is not valid.")


def price_above_cap(cap: Decimal) -> Refusal:
    return Refusal(-4016, f"Limit price can't be higher than {cap}.")


def price_below_floor(floor: Decimal) -> Refusal:
    return Refusal(-4024, f"Limit price can't be lower than {floor}.")


def quantity_off_step() -> Refusal:
    return Refusal(-4023, "Quantity not increased by step size.")


def leverage_out_of_range(leverage: int) -> Refusal:
    return Refusal(-4028, f"Leverage {leverage} is not valid.")


def too_many_conditional_orders() -> Refusal:
    return Refusal(-4045, "Reach max stop order limit.")


def position_side_mismatch() -> Refusal:
    return Refusal(-4061, "Order's position side does not match user's setting.")


def client_id_taken() -> Refusal:
    return Refusal(-4116, "ClientOrderId is duplicated.")


def counterparty_too_far() -> Refusal:
    return Refusal(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")


def symbol_only_reduces() -> Refusal:
    return Refusal(-4140, "Invalid symbol status for opening position.")


def symbol_closed() -> Refusal:
    return Refusal(-4141, "Symbol is closed.")


def close_position_taken() -> Refusal:
    return Refusal(
        -4130,
        "An open stop or take profit order with GTE and closePosition in the direction is existing.",
    )


def close_position_with_quantity() -> Refusal:
    return Refusal(-4137, "Quantity must be zero with closePosition equals true.")


def close_position_type() -> Refusal:
    return Refusal(-4136, "Target strategy invalid for this orderType with closePosition equals true.")


def notional_too_small(minimum: Decimal) -> Refusal:
    return Refusal(-4164, f"Order's notional must be no smaller than {minimum:f} (unless you choose reduce only).")


def not_fillable_at_once() -> Refusal:
    return Refusal(
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected.",
    )


def not_a_maker() -> Refusal:
    return Refusal(
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    )


def nothing_to_amend() -> Refusal:
    return Refusal(-5027, "No need to modify the order.")
