"""From the book, the estimate and the caps to the advice that is published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from plugins.domain import Account, PortfolioAdvice, Position, Side
from plugins.portfolio_balancer.book import Book, volatility
from plugins.portfolio_balancer.entries import entry_advice
from plugins.portfolio_balancer.estimate import Estimate
from plugins.portfolio_balancer.limits import Limits
from plugins.portfolio_balancer.reducing import excess_of, reductions


def book_of(account: Account, positions: Mapping[str, Position]) -> Book | None:
    """The positions by the venue's word; None when there is no equity to measure them by."""
    if account.equity <= 0:
        return None
    notionals = {name: float(each.quantity * each.mark_price * each.side.sign) for name, each in positions.items()}
    return Book(notionals, float(account.equity))


def advice(
    book: Book,
    symbols: Iterable[str],
    estimate: Estimate,
    limits: Limits,
    *,
    over: float,
    enforced: bool,
    at: datetime,
) -> PortfolioAdvice:
    """The word about every symbol on both sides, and what should be closed."""
    names = sorted({*symbols, *book.notionals})
    cuts = reductions(book, estimate, limits, over)
    return PortfolioAdvice(
        enforced=enforced,
        known=estimate.returns > 0,
        reason=_reason(estimate),
        long={name: entry_advice(book, name, Side.LONG, estimate, limits) for name in names},
        short={name: entry_advice(book, name, Side.SHORT, estimate, limits) for name in names},
        reductions=cuts,
        at=at,
        figures=figures(book, estimate, limits),
    )


def figures(book: Book, estimate: Estimate, limits: Limits) -> dict[str, str]:
    """How the book stands, for people."""
    used = excess_of(book, estimate, limits)
    tightest = max(used, key=lambda name: used[name])
    return {
        "gross": f"{book.gross:.4f}",
        "net": f"{book.net:.4f}",
        "daily_volatility": f"{volatility(book, estimate):.4f}",
        "most_used_cap": f"{tightest}: {used[tightest]:.0%}",
        "returns": str(estimate.returns),
        "shrinkage": f"{estimate.shrinkage:.4f}",
        "clusters": str(len(set(estimate.cluster))),
    }


def _reason(estimate: Estimate) -> str:
    if not estimate.returns:
        return "too little history: every symbol counts as moving with every other"
    return f"{len(estimate.symbols)} symbols by {estimate.returns} returns, shrunk by {estimate.shrinkage:.0%}"
