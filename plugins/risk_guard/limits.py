"""The limits as pure rules: what is known of the account in, the posture they demand out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from plugins.domain import Account, Position, Posture

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on losses and exposure; shares are of equity (0.05 = 5 %)."""

    daily_loss: Decimal
    drawdown: Decimal
    positions: int
    gross_exposure: Decimal
    notional_per_trade: Decimal
    account_age_s: float


@dataclass(frozen=True, slots=True)
class Baselines:
    """What losses are measured against, in USDT; kept across restarts.

    `day` is the market day (ISO date) at whose first reading `day_equity` was taken.
    """

    day: str
    day_equity: Decimal
    peak_equity: Decimal


@dataclass(frozen=True, slots=True)
class View:
    """What is known: None where nothing has been heard. `age_s` is how old the account is, in real seconds.

    `promised` is the notional (USDT) of entries approved by symbol, until their positions are told.
    """

    account: Account | None
    age_s: float
    positions: Sequence[Position]
    baselines: Baselines | None
    kill_reason: str | None = None
    promised: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that is broken, the posture it demands and the figures that show it."""

    limit: str
    level: Posture
    sentence: str


def breaches(limits: Limits, view: View) -> tuple[Breach, ...]:
    """Every broken limit; an account that is unknown or old breaks one, because unknown is not zero."""
    return tuple(_breaches(limits, view))


def _breaches(limits: Limits, view: View) -> Iterator[Breach]:
    if view.kill_reason is not None:
        yield Breach("kill_switch", Posture.REDUCE_ONLY, view.kill_reason)
    if view.account is None:
        yield Breach("account", Posture.REDUCE_ONLY, "the account is not known yet, so nothing may be opened")
        return
    if view.age_s > limits.account_age_s:
        yield Breach(
            "account",
            Posture.REDUCE_ONLY,
            f"the account was last confirmed {view.age_s:.0f} s ago (limit {limits.account_age_s:g} s)",
        )
    yield from _losses(limits, view.account, view.baselines)
    yield from _exposure(limits, view.account, view.positions)


def _losses(limits: Limits, account: Account, baselines: Baselines | None) -> Iterator[Breach]:
    if baselines is None:
        return
    lost = _share(baselines.day_equity - account.equity, baselines.day_equity)
    if lost >= limits.daily_loss:
        yield Breach(
            "daily_loss",
            Posture.REDUCE_ONLY,
            f"{lost:.2%} lost since the day began at {baselines.day_equity:.2f} USDT (limit {limits.daily_loss:.2%})",
        )
    fallen = _share(baselines.peak_equity - account.equity, baselines.peak_equity)
    if fallen >= limits.drawdown:
        yield Breach(
            "drawdown",
            Posture.REDUCE_ONLY,
            f"{fallen:.2%} below the peak of {baselines.peak_equity:.2f} USDT (limit {limits.drawdown:.2%})",
        )


def _exposure(limits: Limits, account: Account, positions: Sequence[Position]) -> Iterator[Breach]:
    gross = gross_notional(positions)
    share = _share(gross, account.equity) if account.equity > ZERO else Decimal("Infinity")
    if gross and share >= limits.gross_exposure:
        yield Breach(
            "gross_exposure",
            Posture.NO_ENTRIES,
            f"{gross:.2f} USDT are open, {share:.2%} of equity (limit {limits.gross_exposure:.2%})",
        )
    if account.equity <= ZERO:
        yield Breach("equity", Posture.REDUCE_ONLY, f"equity is {account.equity:.2f} USDT")


def gross_notional(positions: Sequence[Position]) -> Decimal:
    """Sum of |quantity × mark| in USDT."""
    return sum((position.quantity * position.mark_price for position in positions), ZERO)


def refusal(limits: Limits, view: View, notional: Decimal) -> str | None:
    """Why an entry of `notional` USDT may not go out; None when it may."""
    broken = breaches(limits, view)
    if broken:
        return broken[0].sentence
    if view.account is None:
        return "the account is not known yet"
    if notional > limits.notional_per_trade:
        return f"{notional:.2f} USDT exceed the limit of {limits.notional_per_trade:.2f} USDT for one trade"
    held = {position.symbol for position in view.positions if position.quantity}
    coming = {symbol: amount for symbol, amount in view.promised.items() if symbol not in held}
    taken = len(held) + len(coming)
    if taken >= limits.positions:
        return f"{taken} positions are open or about to be (limit {limits.positions})"
    share = _share(gross_notional(view.positions) + sum(coming.values(), notional), view.account.equity)
    if share > limits.gross_exposure:
        return f"it would bring exposure to {share:.2%} of equity (limit {limits.gross_exposure:.2%})"
    return None


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
