"""The limits as pure rules: what is known of the account in, the posture they demand out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from plugins.domain import Account, Position, Posture, Side
from plugins.risk_guard.trips import Trips

ZERO = Decimal(0)

LATCHING = frozenset({"daily_loss", "drawdown", "equity", "order_rate"})
"""Limits whose breach pulls the kill switch, so that only a person can allow entries again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on losses, exposure and pace; shares are of equity (0.05 = 5 %), `pause` is market time."""

    daily_loss: Decimal
    drawdown: Decimal
    positions: int
    gross_exposure: Decimal
    net_exposure: Decimal
    notional_per_trade: Decimal
    notional_per_position: Decimal
    losses_in_a_row: int
    pause: timedelta
    round_trips_per_symbol: int
    orders_per_minute: int
    entries_per_minute: int
    account_age_s: float


@dataclass(frozen=True, slots=True)
class Baselines:
    """What losses are measured against, in USDT; kept across restarts.

    `day` is the market day (ISO date, from midnight UTC) at whose first reading `day_equity` was taken.
    """

    day: str
    day_equity: Decimal
    peak_equity: Decimal


@dataclass(frozen=True, slots=True)
class View:
    """What is known: None where nothing has been heard. `age_s` is how old the account is, in real seconds.

    `promised` is the signed notional (USDT) of entries approved by symbol, until their positions are told;
    `unmatched_s` how long the venue's count of positions has not been ours; `unproven` why the baselines
    cannot be trusted.
    """

    account: Account | None
    age_s: float
    positions: Sequence[Position]
    baselines: Baselines | None
    kill_reason: str | None = None
    promised: Mapping[str, Decimal] = field(default_factory=dict)
    unmatched_s: float = 0.0
    unproven: str | None = None
    trips: Trips = field(default_factory=Trips)
    market_now: datetime | None = None
    orders: int = 0
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that is broken, the posture it demands and the figures that show it."""

    limit: str
    level: Posture
    sentence: str


@dataclass(frozen=True, slots=True)
class Wish:
    """An entry that somebody wants to make, in USDT."""

    symbol: str
    side: Side
    notional: Decimal


def breaches(limits: Limits, view: View) -> tuple[Breach, ...]:
    """Every broken limit; an account that is unknown or old breaks one, because unknown is not zero."""
    return tuple(_breaches(limits, view))


def _breaches(limits: Limits, view: View) -> Iterator[Breach]:
    if view.kill_reason is not None:
        yield Breach("kill_switch", Posture.REDUCE_ONLY, view.kill_reason)
    if view.orders >= limits.orders_per_minute:
        sentence = f"{view.orders} orders were filled within a minute (limit {limits.orders_per_minute})"
        yield Breach("order_rate", Posture.REDUCE_ONLY, sentence)
    if view.account is None:
        yield Breach("account", Posture.REDUCE_ONLY, "the account is not known yet, so nothing may be opened")
        return
    yield from _doubts(limits, view)
    yield from _losses(limits, view.account, view.baselines)
    yield from _exposure(limits, view.account, view.positions)
    yield from _streak(limits, view)


def _doubts(limits: Limits, view: View) -> Iterator[Breach]:
    if view.age_s > limits.account_age_s:
        sentence = f"the account was last confirmed {view.age_s:.0f} s ago (limit {limits.account_age_s:g} s)"
        yield Breach("account", Posture.REDUCE_ONLY, sentence)
    if view.unproven is not None:
        yield Breach("memory", Posture.NO_ENTRIES, f"losses cannot be measured: {view.unproven}")
    if view.account is not None and view.unmatched_s > limits.account_age_s:
        sentence = (
            f"the venue counts {view.account.positions} positions, {len(view.positions)} are told for "
            f"{view.unmatched_s:.0f} s: an exposure that is not known is not zero"
        )
        yield Breach("exposure_unknown", Posture.NO_ENTRIES, sentence)


def _losses(limits: Limits, account: Account, baselines: Baselines | None) -> Iterator[Breach]:
    if account.equity <= ZERO:
        yield Breach("equity", Posture.REDUCE_ONLY, f"equity is {account.equity:.2f} USDT")
    if baselines is None:
        return
    lost = _share(baselines.day_equity - account.equity, baselines.day_equity)
    if lost >= limits.daily_loss:
        yield Breach(
            "daily_loss",
            Posture.REDUCE_ONLY,
            f"{lost:.2%} lost since the day began (00:00 UTC of market time) at {baselines.day_equity:.2f} USDT "
            f"(limit {limits.daily_loss:.2%})",
        )
    fallen = _share(baselines.peak_equity - account.equity, baselines.peak_equity)
    if fallen >= limits.drawdown:
        yield Breach(
            "drawdown",
            Posture.REDUCE_ONLY,
            f"{fallen:.2%} below the peak of {baselines.peak_equity:.2f} USDT (limit {limits.drawdown:.2%})",
        )


def _exposure(limits: Limits, account: Account, positions: Sequence[Position]) -> Iterator[Breach]:
    gross, net = gross_notional(positions), net_notional(positions)
    if gross and _used(gross, account.equity) >= limits.gross_exposure:
        share = _used(gross, account.equity)
        sentence = f"{gross:.2f} USDT are open, {share:.2%} of equity (limit {limits.gross_exposure:.2%})"
        yield Breach("gross_exposure", Posture.NO_ENTRIES, sentence)
    if net and _used(abs(net), account.equity) >= limits.net_exposure:
        share = _used(abs(net), account.equity)
        sentence = f"net {net:.2f} USDT are open, {share:.2%} of equity (limit {limits.net_exposure:.2%})"
        yield Breach("net_exposure", Posture.NO_ENTRIES, sentence)
    for position in positions:
        if (worth := position.quantity * position.mark_price) > limits.notional_per_position:
            sentence = f"{position.symbol} is worth {worth:.2f} USDT (limit {limits.notional_per_position:.2f} USDT)"
            yield Breach("position_notional", Posture.NO_ENTRIES, sentence)


def _streak(limits: Limits, view: View) -> Iterator[Breach]:
    """Losses in a row stop entries for a while; each further loss begins the pause anew."""
    count = view.trips.losses_in_a_row()
    if count < limits.losses_in_a_row or view.market_now is None:
        return
    left = view.trips.closed[-1].at + limits.pause - view.market_now
    if left > timedelta(0):
        sentence = (
            f"{count} round trips in a row lost (limit {limits.losses_in_a_row}); entries pause for another "
            f"{left.total_seconds() / 60:.0f} min of market time"
        )
        yield Breach("loss_streak", Posture.NO_ENTRIES, sentence)


def gross_notional(positions: Sequence[Position]) -> Decimal:
    """Sum of |quantity × mark| in USDT."""
    return sum((position.quantity * position.mark_price for position in positions), ZERO)


def net_notional(positions: Sequence[Position]) -> Decimal:
    """Long less short, in USDT."""
    return sum((each.side.sign * each.quantity * each.mark_price for each in positions), ZERO)


def refusal(limits: Limits, view: View, wish: Wish) -> str | None:
    """Why an entry may not go out; None when it may."""
    if broken := breaches(limits, view):
        return broken[0].sentence
    if view.account is None:
        return "the account is not known yet"
    if wish.notional > limits.notional_per_trade:
        return f"{wish.notional:.2f} USDT exceed the limit of {limits.notional_per_trade:.2f} USDT for one trade"
    return _too_many(limits, view, wish) or _too_much(limits, view, view.account, wish)


def _too_many(limits: Limits, view: View, wish: Wish) -> str | None:
    taken = len(view.positions) + len(_coming(view))
    if taken >= limits.positions:
        return f"{taken} positions are open or about to be (limit {limits.positions})"
    if view.entries >= limits.entries_per_minute:
        return f"{view.entries} entries were approved within a minute (limit {limits.entries_per_minute})"
    trips = view.trips.of_last_day(wish.symbol, view.market_now) if view.market_now else 0
    if trips >= limits.round_trips_per_symbol:
        most = limits.round_trips_per_symbol
        return f"{wish.symbol} has been traded {trips} times within a day of market time (limit {most}): it churns"
    return None


def _too_much(limits: Limits, view: View, account: Account, wish: Wish) -> str | None:
    coming = _coming(view)
    gross = gross_notional(view.positions) + sum(map(abs, coming.values()), wish.notional)
    if (share := _used(gross, account.equity)) > limits.gross_exposure:
        return f"it would bring exposure to {share:.2%} of equity (limit {limits.gross_exposure:.2%})"
    net = net_notional(view.positions) + sum(coming.values(), wish.side.sign * wish.notional)
    if (share := _used(abs(net), account.equity)) > limits.net_exposure and net * wish.side.sign > ZERO:
        return f"it would bring net exposure to {share:.2%} of equity (limit {limits.net_exposure:.2%})"
    return None


def _coming(view: View) -> dict[str, Decimal]:
    """Approved entries whose positions are not told yet."""
    held = {position.symbol for position in view.positions}
    return {symbol: amount for symbol, amount in view.promised.items() if symbol not in held}


def updated(before: Baselines | None, account: Account, day: str) -> Baselines:
    """The baselines after a reading: a new day starts at its first equity, the peak only rises."""
    if before is None:
        return Baselines(day, account.equity, account.equity)
    return Baselines(
        day=day,
        day_equity=before.day_equity if before.day == day else account.equity,
        peak_equity=max(before.peak_equity, account.equity),
    )


def strictest(broken: Sequence[Breach]) -> tuple[Posture, str]:
    """The posture to claim and its reason."""
    order = list(Posture)
    worst = max(broken, key=lambda breach: order.index(breach.level), default=None)
    return (worst.level, worst.sentence) if worst else (Posture.NORMAL, "within all limits")


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return part / whole if whole > ZERO else ZERO


def _used(part: Decimal, equity: Decimal) -> Decimal:
    return part / equity if equity > ZERO else Decimal("Infinity")
