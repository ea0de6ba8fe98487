"""What one more position would mean: the haircut of its risk, the room left for it, or why there should be none."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from plugins.domain import EntryAdvice, Side
from plugins.portfolio_balancer.book import Book, cluster_net, room_under
from plugins.portfolio_balancer.estimate import Estimate
from plugins.portfolio_balancer.limits import Limits

CENT = Decimal("0.01")


def entry_advice(book: Book, symbol: str, side: Side, estimate: Estimate, limits: Limits) -> EntryAdvice:
    """The advice about a further position in `symbol` on `side`.

    The haircut is 1 / (1 + the sum of its positive correlations with what is held): a second position that
    moves just like the first gets half the risk, so that many of a kind never add up to many risks.
    """
    moving = _moving_with(book, symbol, side, estimate)
    rooms = _rooms(book, symbol, side, estimate, limits)
    tightest = min(rooms, key=lambda name: rooms[name])
    haircut = 1 / (1 + sum(max(0.0, each) for each in moving.values()))
    closest = max(moving, key=lambda name: moving[name], default=None)
    return EntryAdvice(
        haircut=Decimal(f"{haircut:.4f}"),
        room=_money(rooms[tightest]),
        correlation=None if closest is None else Decimal(f"{moving[closest]:.4f}"),
        veto=_one_bet(f"{symbol} {side.value}", moving, limits) or _no_room(rooms[tightest], tightest, limits),
    )


def _moving_with(book: Book, symbol: str, side: Side, estimate: Estimate) -> dict[str, float]:
    """The correlation of the new position's result with that of each position held in another symbol."""
    return {
        name: estimate.between(symbol, name) * side.sign * (1 if notional > 0 else -1)
        for name, notional in book.notionals.items()
        if notional and name != symbol
    }


def _rooms(book: Book, symbol: str, side: Side, estimate: Estimate, limits: Limits) -> dict[str, float]:
    """How much more (USDT) each cap allows, by its name."""
    equity, sign = book.equity, side.sign
    return {
        "gross exposure": (limits.gross - book.gross) * equity,
        "net exposure": (limits.net - sign * book.net) * equity,
        "exposure to one symbol": limits.symbol * equity - sign * book.notionals.get(symbol, 0.0),
        "exposure to what moves together": limits.cluster * equity - sign * cluster_net(book, symbol, estimate),
        "daily volatility of the book": room_under(book, symbol, sign, estimate, limits.volatility),
    }


def _one_bet(what: str, moving: dict[str, float], limits: Limits) -> str:
    same = sorted(name for name, correlation in moving.items() if correlation > limits.correlation)
    if len(same) < limits.same_bet:
        return ""
    told = ", ".join(f"{moving[name]:.2f} with {name}" for name in same)
    return (
        f"{what} would be one bet with {len(same)} positions ({told}; cap {limits.correlation:.2f}, "
        f"at most {limits.same_bet} together)"
    )


def _no_room(room: float, tightest: str, limits: Limits) -> str:
    return "" if room >= limits.least_room else f"{max(room, 0.0):.2f} USDT are left under the cap on {tightest}"


def _money(amount: float) -> Decimal | None:
    if amount == float("inf"):
        return None
    return max(Decimal(0), Decimal(amount).quantize(CENT, ROUND_DOWN))
