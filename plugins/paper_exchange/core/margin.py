"""How much margin is needed, kept and left, in cross margin and one-way mode.

Initial margin of a symbol: the larger of what position and bids, or position and asks, would come to, over leverage.
Maintenance margin: notional at mark price times the rate of its bracket, less the bracket's maintenance amount.
"""

from __future__ import annotations

from decimal import Decimal

from plugins.paper_exchange.core import refusals
from plugins.paper_exchange.core.account import Account, OpenNotional
from plugins.paper_exchange.core.kinds import Side
from plugins.paper_exchange.core.positions import Position
from plugins.paper_exchange.market.brackets import bracket_at, most_notional
from plugins.paper_exchange.market.source import Bracket

ZERO = Decimal(0)
_NO_ORDERS = OpenNotional()


def unrealized(account: Account) -> Decimal:
    return sum((held.unrealized(account.prices[held.symbol].mark) for held in account.open_positions()), ZERO)


def position_margin(account: Account, symbol: str) -> Decimal:
    """Initial margin of the position alone."""
    return abs(_held(account, symbol)) / account.leverage[symbol]


def initial_margin(account: Account, symbol: str) -> Decimal:
    """Initial margin of the position with its open orders."""
    return _exposure(account, symbol) / account.leverage[symbol]


def total_initial_margin(account: Account) -> Decimal:
    symbols = {held.symbol for held in account.open_positions()} | {
        symbol for symbol, notional in account.open_notional.items() if notional.bids or notional.asks
    }
    return sum((initial_margin(account, symbol) for symbol in symbols), ZERO)


def bracket(account: Account, symbol: str) -> Bracket:
    """The leverage bracket in which the position stands now."""
    return bracket_at(account.brackets[symbol], abs(_held(account, symbol)))


def notional_limit(account: Account, symbol: str) -> Decimal:
    """The largest position (with its open orders) that the symbol's present leverage allows."""
    return most_notional(account.brackets[symbol], account.leverage[symbol])


def maintenance_margin(account: Account, symbol: str) -> Decimal:
    notional = abs(_held(account, symbol))
    step = bracket_at(account.brackets[symbol], notional)
    return notional * step.rate - step.amount


def total_maintenance_margin(account: Account) -> Decimal:
    return sum((maintenance_margin(account, held.symbol) for held in account.open_positions()), ZERO)


def margin_balance(account: Account) -> Decimal:
    return account.wallet + unrealized(account)


def available(account: Account) -> Decimal:
    """What new positions and orders may use; negative when the account is under water."""
    return margin_balance(account) - total_initial_margin(account)


def is_short_of_margin(account: Account) -> bool:
    """Whether the margin balance has fallen below what the open positions must keep."""
    return any(account.open_positions()) and margin_balance(account) < total_maintenance_margin(account)


def check_taking(account: Account, symbol: str, signed_quantity: Decimal, *, quote: Decimal, fee: Decimal) -> None:
    """Refuse a trade that needs more margin than is there; one that lowers the requirement always passes.

    `quote` is what the trade costs; what is paid above (or got below) the mark price is lost at once.
    """
    at_mark = signed_quantity * account.prices[symbol].mark
    before, after = _exposure(account, symbol), _exposure(account, symbol, held=at_mark)
    if after <= before:
        return
    _check_limit(account, symbol, after)
    loss = quote - at_mark if signed_quantity > 0 else -at_mark - quote
    if (after - before) / account.leverage[symbol] + max(ZERO, loss) + fee > available(account):
        raise refusals.margin_too_small()


def check_resting(account: Account, symbol: str, side: Side, notional: Decimal) -> None:
    """The same for an order that will wait in the book."""
    bids, asks = (notional, ZERO) if side is Side.BUY else (ZERO, notional)
    before, after = _exposure(account, symbol), _exposure(account, symbol, bids=bids, asks=asks)
    if after <= before:
        return
    _check_limit(account, symbol, after)
    if (after - before) / account.leverage[symbol] > available(account):
        raise refusals.margin_too_small()


def liquidation_price(account: Account, symbol: str) -> Decimal:
    """The mark price at which this position would bring the account down; zero where there is none.

    (WB - TMM_other + UPNL_other + cum - side * qty * entry) / (qty * MMR - side * qty), the venue's published formula.
    MMR and cum are those of the bracket in which the position stands *at that price*: what the account has and what it
    must keep both move in a straight line from bracket to bracket, the first faster, so there is one such bracket.
    """
    held = account.position(symbol)
    if not held.quantity:
        return ZERO
    others_kept = total_maintenance_margin(account) - maintenance_margin(account, symbol)
    others_gain = unrealized(account) - held.unrealized(account.prices[symbol].mark)
    free = account.wallet - others_kept + others_gain
    prices = ((step.cap, _price_in(held, free, step)) for step in account.brackets[symbol])
    last = _price_in(held, free, account.brackets[symbol][-1])
    return max(ZERO, next((price for cap, price in prices if abs(held.quantity) * price <= cap), last))


def _price_in(held: Position, free: Decimal, step: Bracket) -> Decimal:
    return (free + step.amount - held.cost) / (abs(held.quantity) * step.rate - held.quantity)


def _check_limit(account: Account, symbol: str, exposure: Decimal) -> None:
    if exposure > notional_limit(account, symbol):
        raise refusals.position_too_large()


def _held(account: Account, symbol: str) -> Decimal:
    held = account.position(symbol)
    return held.quantity * account.prices[symbol].mark if held.quantity else ZERO


def _exposure(
    account: Account, symbol: str, *, held: Decimal = ZERO, bids: Decimal = ZERO, asks: Decimal = ZERO
) -> Decimal:
    """The notional that position and open orders would come to at worst, with so much more of each."""
    waiting = account.open_notional.get(symbol, _NO_ORDERS)
    held += _held(account, symbol)
    return max(abs(held + waiting.bids + bids), abs(held - waiting.asks - asks))
