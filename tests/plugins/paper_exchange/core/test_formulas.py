"""Ten thousand random positions against the venue's published formulas, written down here once more.

Sources: "USDⓈ-M Futures: leverage and margin", "liquidation price", "funding" of the venue's help pages. Everything
here is computed with fractions from what was traded; it is compared with what the venue shows on the wire.
"""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

from plugins.paper_exchange.core.account import Account
from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.core.engine import Engine
from plugins.paper_exchange.core.events import PlaceOrder, SetLeverage, SettleFunding, Trade
from plugins.paper_exchange.core.kinds import OrderType, Side
from plugins.paper_exchange.core.orders import OrderRequest
from plugins.paper_exchange.core.refusals import Refusal
from plugins.paper_exchange.market.source import Bracket, SymbolRules
from plugins.paper_exchange.server import wire

CLOSE_ENOUGH = Fraction(1, 10**8)
SYMBOLS = ("AUSDT", "BUSDT", "CUSDT", "DUSDT", "EUSDT")
POSITIONS = 10_000

Rung = tuple[Fraction, int, Fraction]
"""Notional cap, leverage, maintenance rate."""


def random_table(dice: random.Random) -> list[Rung]:
    rungs = dice.randint(1, 9)
    caps = sorted(dice.sample(range(5_000, 40_000_000, 5_000), rungs))
    leverages = sorted(dice.sample(range(1, 126), rungs), reverse=True)
    rates = sorted(Fraction(dice.randint(4, 5_000), 10_000) for _ in range(rungs))
    return list(zip(map(Fraction, caps), leverages, rates, strict=True))


Step = tuple[Fraction, Fraction, Fraction]
"""Notional cap, maintenance rate and amount."""


def with_amounts(table: list[Rung]) -> list[Step]:
    """cum(n) = floor(n) × (MMR(n) − MMR(n−1)) + cum(n−1)."""
    steps: list[Step] = []
    cum, floor, before = Fraction(0), Fraction(0), Fraction(0)
    for cap, _, rate in table:
        cum += floor * (rate - before)
        steps.append((cap, rate, cum))
        floor, before = cap, rate
    return steps


def maintenance(steps: list[Step], notional: Fraction) -> tuple[Fraction, Fraction]:
    """Rate and amount of a notional; the last rung holds beyond its cap too."""
    return next(((rate, cum) for cap, rate, cum in steps if notional <= cap), steps[-1][1:])


def rules_of(symbol: str, table: list[Rung]) -> SymbolRules:
    floors = [Fraction(0), *(cap for cap, _, _ in table[:-1])]
    brackets = tuple(
        Bracket(decimal(floor), decimal(cap), leverage, decimal(rate), decimal(cum))
        for floor, (cap, leverage, rate), (_, _, cum) in zip(floors, table, with_amounts(table), strict=True)
    )
    return SymbolRules(
        symbol=symbol,
        base=symbol[0],
        tick_size=Decimal("0.01"),
        step_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        max_quantity=Decimal(10**9),
        market_max_quantity=Decimal(10**9),
        min_notional=Decimal(5),
        price_precision=2,
        quantity_precision=3,
        max_leverage=brackets[0].leverage,
        maintenance_margin_rate=brackets[0].rate,
        brackets=brackets,
    )


def decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


class Book:
    """What was traded, kept apart from the venue's own account of it."""

    def __init__(self, dice: random.Random) -> None:
        self.tables = {symbol: random_table(dice) for symbol in SYMBOLS}
        self.steps = {symbol: with_amounts(table) for symbol, table in self.tables.items()}
        self.leverage: dict[str, int] = {}
        self.quantity = dict.fromkeys(SYMBOLS, Fraction(0))
        self.cost = dict.fromkeys(SYMBOLS, Fraction(0))
        self.last: dict[str, tuple[Fraction, Fraction]] = {}
        self.wallet = Fraction(0)

    def mark(self, symbol: str) -> Fraction:
        return sum(self.last[symbol]) / 2

    def notional(self, symbol: str) -> Fraction:
        return abs(self.quantity[symbol]) * self.mark(symbol)

    def gain(self, symbol: str) -> Fraction:
        return self.quantity[symbol] * self.mark(symbol) - self.cost[symbol]

    def kept(self, symbol: str) -> Fraction:
        rate, cum = maintenance(self.steps[symbol], self.notional(symbol))
        return self.notional(symbol) * rate - cum

    def liquidation_price(self, symbol: str) -> Fraction:
        """(WB − TMM_other + UPNL_other + cum − side·qty·entry) / (qty·MMR − side·qty), until its bracket is its own."""
        others = [other for other in SYMBOLS if other != symbol and self.quantity[other]]
        free = self.wallet + sum(self.gain(other) - self.kept(other) for other in others)
        notional = self.notional(symbol)
        for _ in range(20):
            rate, cum = maintenance(self.steps[symbol], notional)
            signed = self.quantity[symbol]
            price = (free + cum - self.cost[symbol]) / (abs(signed) * rate - signed)
            again = abs(signed) * max(Fraction(0), price)
            if maintenance(self.steps[symbol], again) == (rate, cum):
                return max(Fraction(0), price)
            notional = again
        return Fraction(-1)


def opened(dice: random.Random) -> tuple[Engine, Book, int]:
    """An account with random positions; how many of them there are."""
    book = Book(dice)
    account = Account.under({symbol: rules_of(symbol, book.tables[symbol]) for symbol in SYMBOLS})
    account.leverage = dict.fromkeys(SYMBOLS, 1)
    balance = Decimal(dice.randint(10_000, 2_000_000))
    engine = Engine(account, Economics(start_balance=balance, level_notional=Decimal(50_000_000)))
    prices = {symbol: Decimal(dice.randint(100, 5_000_000)) / 100 for symbol in SYMBOLS}
    engine.open_account(0, prices)
    book.wallet = Fraction(balance)
    for symbol in SYMBOLS:
        book.last[symbol] = (Fraction(prices[symbol]), Fraction(prices[symbol]))
        trade(engine, book, symbol, dice)
    return engine, book, sum(1 for symbol in SYMBOLS if book.quantity[symbol])


def trade(engine: Engine, book: Book, symbol: str, dice: random.Random) -> None:
    """Open (and perhaps add to, or cut) a position; whatever the venue refuses is not there."""
    leverage = book.leverage[symbol] = dice.randint(1, book.tables[symbol][0][1])
    engine.apply(SetLeverage(1, symbol, leverage))
    for number in range(dice.randint(1, 3)):
        notional = dice.uniform(10, float(book.wallet)) * leverage / len(SYMBOLS)
        quantity = Decimal(max(1, int(notional / float(book.mark(symbol)) * 1000))) / 1000
        side = dice.choice(list(Side))
        request = OrderRequest(
            symbol=symbol, side=side, type=OrderType.MARKET, quantity=quantity, client_id=f"{symbol}{number}"
        )
        try:
            changes = engine.apply(PlaceOrder(1, request))
        except Refusal:
            continue
        for fill in changes.fills:
            signed, price = Fraction(fill.quantity) * side.sign, Fraction(fill.price)
            fee = abs(signed) * price * Fraction("0.0005")
            assert abs(Fraction(fill.commission) - fee) <= CLOSE_ENOUGH
            book.wallet -= Fraction(fill.commission)
            held, cost = book.quantity[symbol], book.cost[symbol]
            closing = (
                signed
                if held * signed < 0 and abs(signed) <= abs(held)
                else (-held if held * signed < 0 else Fraction(0))
            )
            entry = cost / held if held else Fraction(0)
            profit = -closing * (price - entry)
            assert abs(Fraction(fill.realized) - profit) <= CLOSE_ENOUGH
            book.wallet += Fraction(fill.realized)
            book.quantity[symbol] = held + signed
            book.cost[symbol] = cost + signed * price + Fraction(fill.realized)


def compare(shown: str, computed: Fraction) -> None:
    assert abs(Fraction(shown) - computed) <= CLOSE_ENOUGH, (shown, float(computed))


def check(engine: Engine, book: Book) -> None:
    account = engine.account
    for symbol in SYMBOLS:
        row = wire.position(account, account.position(symbol), Decimal("0.0005"))
        compare(row["positionAmt"], book.quantity[symbol])
        if not book.quantity[symbol]:
            continue
        compare(row["unRealizedProfit"], book.gain(symbol))
        compare(row["maintMargin"], book.kept(symbol))
        compare(row["initialMargin"], book.notional(symbol) / book.leverage[symbol])
        price = book.liquidation_price(symbol)
        assert price >= 0, "the published recomputation found no bracket"
        compare(row["liquidationPrice"], price)
    totals = wire.totals(account)
    gains = sum(book.gain(symbol) for symbol in SYMBOLS)
    assert abs(Fraction(totals["totalWalletBalance"]) - book.wallet) <= CLOSE_ENOUGH
    assert abs(Fraction(totals["totalMarginBalance"]) - book.wallet - gains) <= CLOSE_ENOUGH * len(SYMBOLS)
    kept = sum(book.kept(symbol) for symbol in SYMBOLS if book.quantity[symbol])
    assert abs(Fraction(totals["totalMaintMargin"]) - kept) <= CLOSE_ENOUGH


def settle(engine: Engine, book: Book, dice: random.Random) -> None:
    """One settlement in each position: −quantity × mark × rate."""
    for symbol in SYMBOLS:
        rate = Decimal(dice.randint(-200, 200)) / 100_000
        due = -book.quantity[symbol] * book.mark(symbol) * Fraction(rate)
        paid = sum((Fraction(row.amount) for row in engine.apply(SettleFunding(2, symbol, rate)).incomes), Fraction(0))
        if not is_as_booked(engine, book):
            return
        assert abs(paid - due) <= CLOSE_ENOUGH
        book.wallet += paid


def is_as_booked(engine: Engine, book: Book) -> bool:
    """False once the venue has liquidated something."""
    return all(engine.account.position(symbol).quantity == decimal(book.quantity[symbol]) for symbol in SYMBOLS)


def test_ten_thousand_positions_against_the_published_formulas():
    """Fees, profit, funding, initial and maintenance margin and liquidation price agree to 1e-8 USDT."""
    dice = random.Random(20261123)
    positions = 0
    while positions < POSITIONS:
        engine, book, opened_now = opened(dice)
        check(engine, book)
        settle(engine, book, dice)
        positions += opened_now


def test_liquidation_strikes_where_its_price_says():
    """One tick on the safe side of the published price nothing happens; one beyond it the venue closes positions."""
    dice = random.Random(7)
    struck = 0
    while struck < 100:
        engine, book, _ = opened(dice)
        symbol = dice.choice(SYMBOLS)
        price = book.liquidation_price(symbol) if book.quantity[symbol] else Fraction(0)
        tick = Fraction(1, 100)
        toward = 1 if book.quantity[symbol] > 0 else -1
        if price < 1 or (book.mark(symbol) - price) * toward <= 0:
            continue  # random tables also make accounts that are short of margin from the start
        struck += 1
        safe = decimal(price // tick * tick + tick * (1 if toward > 0 else 0))
        for _ in range(2):  # the mark price is the mean of the last two trades
            engine.apply(Trade(3, symbol, safe + toward * Decimal("0.01"), Decimal(0), jump=True))
        assert engine.account.position(symbol).quantity == decimal(book.quantity[symbol])
        beyond = [Trade(4, symbol, safe - toward * Decimal("0.02"), Decimal(0), jump=True) for _ in range(2)]
        orders = [order for trade in beyond for order in engine.apply(trade).orders.values()]
        assert orders
        assert all(order.client_id.startswith("autoclose-") for order in orders)
