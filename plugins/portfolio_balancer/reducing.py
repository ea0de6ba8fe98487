"""What should be closed of a book that has grown over its caps: as little as brings it back under each."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_UP, Decimal

from plugins.domain import Reduction
from plugins.portfolio_balancer.book import Book, cluster_net, covariance, variance, volatility
from plugins.portfolio_balancer.estimate import Estimate
from plugins.portfolio_balancer.limits import Limits

STEPS = 50
"""More cuts than a book has positions and caps; a book that needs more is cut again with the next advice."""

Cut = tuple[str, float, str]
"""A symbol, the part of it to close, and why."""


def excess_of(book: Book, estimate: Estimate, limits: Limits) -> dict[str, float]:
    """How much of each cap is used, by its name; above 1 it is exceeded."""
    used = {
        "gross exposure": book.gross / limits.gross,
        "net exposure": abs(book.net) / limits.net,
        "daily volatility": volatility(book, estimate) / limits.volatility,
    }
    for name, notional in book.notionals.items():
        used[f"exposure to {name}"] = abs(notional) / book.equity / limits.symbol
        used[f"exposure to what moves with {name}"] = (
            abs(cluster_net(book, name, estimate)) / book.equity / limits.cluster
        )
    return used


def reductions(book: Book, estimate: Estimate, limits: Limits, over: float) -> tuple[Reduction, ...]:
    """Cuts that bring every cap which is exceeded by the factor `over` back to where it stands."""
    if max(excess_of(book, estimate, limits).values(), default=0.0) <= over:
        return ()
    left, cuts, why = book, dict.fromkeys(book.notionals, 1.0), dict.fromkeys(book.notionals, "")
    for _ in range(STEPS):
        found = _cut(left, estimate, limits)
        if found is None:
            break
        symbol, share, reason = found
        left = left.cut(symbol, share)
        cuts[symbol] *= 1 - share
        why[symbol] = why[symbol] or reason
    return tuple(Reduction(name, _share(1 - kept), why[name]) for name, kept in sorted(cuts.items()) if kept < 1)


def _cut(book: Book, estimate: Estimate, limits: Limits) -> Cut | None:
    """The next cut, None when every cap is kept."""
    for look in (_symbol, _cluster, _gross, _net, _volatility):
        if (found := look(book, estimate, limits)) is not None and found[1] > 1e-9:
            return found
    return None


def _symbol(book: Book, _: Estimate, limits: Limits) -> Cut | None:
    cap = limits.symbol * book.equity
    name = _largest(book, lambda name: abs(book.notionals[name]))
    if name is None or abs(book.notionals[name]) <= cap:
        return None
    held = abs(book.notionals[name])
    return name, 1 - cap / held, f"{held / book.equity:.0%} of equity in one symbol (cap {limits.symbol:.0%})"


def _cluster(book: Book, estimate: Estimate, limits: Limits) -> Cut | None:
    cap = limits.cluster * book.equity
    worst = _largest(book, lambda name: abs(cluster_net(book, name, estimate)))
    if worst is None or abs(net := cluster_net(book, worst, estimate)) <= cap:
        return None
    together = estimate.together(worst)
    reason = f"{abs(net) / book.equity:.0%} of equity in what moves together (cap {limits.cluster:.0%})"
    return _most_of(book, net, abs(net) - cap, reason, lambda name: name in together)


def _gross(book: Book, _: Estimate, limits: Limits) -> Cut | None:
    excess = (book.gross - limits.gross) * book.equity
    name = _largest(book, lambda name: abs(book.notionals[name]))
    if excess <= 0 or name is None:
        return None
    reason = f"{book.gross:.0%} of equity are open (cap {limits.gross:.0%})"
    return name, min(1.0, excess / abs(book.notionals[name])), reason


def _net(book: Book, _: Estimate, limits: Limits) -> Cut | None:
    excess = (abs(book.net) - limits.net) * book.equity
    if excess <= 0:
        return None
    reason = f"net {book.net:.0%} of equity (cap {limits.net:.0%})"
    return _most_of(book, book.net, excess, reason, lambda _: True)


def _volatility(book: Book, estimate: Estimate, limits: Limits) -> Cut | None:
    """Cut what contributes most until the cap is met: its variance is a quadratic in the part that is kept."""
    now, cap = variance(book, estimate), (limits.volatility * book.equity) ** 2
    if now <= cap:
        return None
    name = _largest(book, lambda name: book.notionals[name] * covariance(book, name, estimate))
    if name is None:
        return None
    rest = book.cut(name, 1.0)
    a = (book.notionals[name] * estimate.daily(name)) ** 2
    b = book.notionals[name] * covariance(rest, name, estimate)
    c = variance(rest, estimate) - cap
    inside = b * b - a * c
    kept = max(0.0, (-b + inside**0.5) / a) if inside >= 0 and a > 0 else 0.0
    reason = f"the book moves {now**0.5 / book.equity:.1%} of equity a day (cap {limits.volatility:.1%})"
    return name, 1 - min(kept, 1.0), reason


def _most_of(book: Book, sign: float, excess: float, reason: str, counts: Callable[[str], bool]) -> Cut | None:
    """Cut the largest position on the side of `sign`."""
    name = _largest(book, lambda name: abs(book.notionals[name]) if _on(book, name, sign) and counts(name) else 0.0)
    return None if name is None else (name, min(1.0, excess / abs(book.notionals[name])), reason)


def _on(book: Book, name: str, sign: float) -> bool:
    return book.notionals[name] * sign > 0


def _largest(book: Book, measure: Callable[[str], float]) -> str | None:
    found = max(book.notionals, key=measure, default=None)
    return found if found is not None and measure(found) > 0 else None


def _share(share: float) -> Decimal:
    return min(Decimal(1), Decimal(share).quantize(Decimal("0.0001"), ROUND_UP))
