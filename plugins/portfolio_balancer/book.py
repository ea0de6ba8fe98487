"""The positions as one book of signed notionals, and what that book can lose together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from plugins.portfolio_balancer.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Book:
    """Notional of each open position in USDT, below zero when short; and the equity behind them."""

    notionals: Mapping[str, float]
    equity: float

    @property
    def gross(self) -> float:
        """Everything that is open, as a part of equity."""
        return sum(map(abs, self.notionals.values())) / self.equity

    @property
    def net(self) -> float:
        """Long less short, as a part of equity."""
        return sum(self.notionals.values()) / self.equity

    def with_(self, symbol: str, notional: float) -> Book:
        """The book with so much more (or less) of a symbol."""
        return Book({**self.notionals, symbol: self.notionals.get(symbol, 0.0) + notional}, self.equity)

    def cut(self, symbol: str, share: float) -> Book:
        """The book with a part of a position closed."""
        return Book({**self.notionals, symbol: self.notionals[symbol] * (1 - share)}, self.equity)


def covariance(book: Book, symbol: str, estimate: Estimate) -> float:
    """Covariance of one USDT of `symbol` with the book's result of a day, in USDT."""
    own = estimate.daily(symbol)
    return sum(
        notional * own * estimate.daily(name) * estimate.between(symbol, name)
        for name, notional in book.notionals.items()
    )


def variance(book: Book, estimate: Estimate) -> float:
    """Variance of the book's result of a day, in USDT squared; never below zero."""
    total = sum(notional * covariance(book, name, estimate) for name, notional in book.notionals.items())
    return max(0.0, total)


def volatility(book: Book, estimate: Estimate) -> float:
    """One standard deviation of the book's result of a day, as a part of equity."""
    return math.sqrt(variance(book, estimate)) / book.equity


def room_under(book: Book, symbol: str, sign: int, estimate: Estimate, cap: float) -> float:
    """How much more (USDT) of a symbol on one side keeps the book's volatility under `cap`; 0 when it is over it."""
    a = estimate.daily(symbol) ** 2
    b = sign * covariance(book, symbol, estimate)
    c = variance(book, estimate) - (cap * book.equity) ** 2
    if c > 0:
        return 0.0
    return math.inf if a <= 0 else max(0.0, (-b + math.sqrt(b * b - a * c)) / a)


def cluster_net(book: Book, symbol: str, estimate: Estimate) -> float:
    """Net notional (USDT) of the symbols that move together with this one."""
    together = estimate.together(symbol)
    return sum(notional for name, notional in book.notionals.items() if name in together)
