"""How much margin is needed, kept and left, in cross margin and one-way mode.

Initial margin of a symbol: the larger of what position and bids, or position and asks, would come to, over leverage.
Maintenance margin: one flat rate per symbol on the notional at mark price (the venue's first bracket).
"""

from __future__ import annotations

from decimal import Decimal

from plugins.paper_exchange.core import refusals
from plugins.paper_exchange.core.account import Account, OpenNotional
from plugins.paper_exchange.core.kinds import Side

ZERO = Decimal(0)
_NO_ORDERS = OpenNotional()


def unrealized(account: Account) -> Decimal:
    return sum((held.unrealized(account.prices[held.symbol].mark) for held in account.open_positions()), ZERO)


def position_margin(account: Account, symbol: str) -> Decimal:
    """Initial margin of the position alone."""
    return abs(_held(account, symbol)) / account.leverage[symbol]


def initial_margin(account: Account, symbol: str) -> Decimal:
    """Initial margin of the position with its open orders."""
    return _requirement(account, symbol, _held(account, symbol), ZERO, ZERO)


def total_initial_margin(account: Account) -> Decimal:
    symbols = {held.symbol for held in account.open_positions()} | {
        symbol for symbol, notional in account.open_notional.items() if notional.bids or notional.asks
    }
    return sum((initial_margin(account, symbol) for symbol in symbols), ZERO)


def maintenance_margin(account: Account, symbol: str) -> Decimal:
    return abs(_held(account, symbol)) * account.rules[symbol].maintenance_margin_rate


def total_maintenance_margin(account: Account) -> Decimal:
    return sum((maintenance_margin(account, held.symbol) for held in account.open_positions()), ZERO)


def margin_balance(account: Account) -> Decimal:
    return account.wallet + unrealized(account)


def available(account: Account) -> Decimal:
    """What new positions and orders may use; negative when the account is under water."""
    return margin_balance(account) - total_initial_margin(account)


def check_taking(account: Account, symbol: str, signed_quantity: Decimal, *, quote: Decimal, fee: Decimal) -> None:
    """Refuse a trade that needs more margin than is there; one that lowers the requirement always passes.

    `quote` is what the trade costs; what is paid above (or got below) the mark price is lost at once.
    """
    at_mark = signed_quantity * account.prices[symbol].mark
    after = _requirement(account, symbol, _held(account, symbol) + at_mark, ZERO, ZERO)
    more = after - initial_margin(account, symbol)
    loss = quote - at_mark if signed_quantity > 0 else -at_mark - quote
    if more > 0 and more + max(ZERO, loss) + fee > available(account):
        raise refusals.margin_too_small()


def check_resting(account: Account, symbol: str, side: Side, notional: Decimal) -> None:
    """The same for an order that will wait in the book."""
    bids, asks = (notional, ZERO) if side is Side.BUY else (ZERO, notional)
    held = _held(account, symbol)
    more = _requirement(account, symbol, held, bids, asks) - initial_margin(account, symbol)
    if more > 0 and more > available(account):
        raise refusals.margin_too_small()


def liquidation_price(account: Account, symbol: str) -> Decimal:
    """The mark price at which this position alone would bring the account down; zero where there is none.

    (WB - TMM_other + UPNL_other - side * qty * entry) / (qty * MMR - side * qty), the venue's published formula with
    one bracket (cum = 0).
    """
    held = account.position(symbol)
    if not held.quantity:
        return ZERO
    mark, rate = account.prices[symbol].mark, account.rules[symbol].maintenance_margin_rate
    others_kept = total_maintenance_margin(account) - maintenance_margin(account, symbol)
    others_gain = unrealized(account) - held.unrealized(mark)
    price = (account.wallet - others_kept + others_gain - held.cost) / (abs(held.quantity) * rate - held.quantity)
    return max(ZERO, price)


def _held(account: Account, symbol: str) -> Decimal:
    held = account.position(symbol)
    return held.quantity * account.prices[symbol].mark if held.quantity else ZERO


def _requirement(account: Account, symbol: str, held: Decimal, more_bids: Decimal, more_asks: Decimal) -> Decimal:
    waiting = account.open_notional.get(symbol, _NO_ORDERS)
    bids, asks = waiting.bids + more_bids, waiting.asks + more_asks
    return max(abs(held + bids), abs(held - asks)) / account.leverage[symbol]
