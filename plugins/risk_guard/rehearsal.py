"""The rules tried on a made-up account at each start: a guard that cannot bark must not stand watch.

It is the same code that judges the real account; what it is shown is marked by its symbol and goes nowhere.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from plugins.domain import Account, Position, Side
from plugins.risk_guard.latch import Pull, decide
from plugins.risk_guard.limits import LATCHING, Baselines, Limits, View, Wish, breaches, refusal
from plugins.risk_guard.trips import Closed, Trips
from plugins.store.kill_switch import KillSwitch

SYMBOL = "REHEARSAL"
_THEN = datetime(2025, 1, 1, tzinfo=UTC)
_EQUITY = Decimal(10_000)
_OFF = KillSwitch(on=False, who="", when=None, why="")


def silent_rules(limits: Limits) -> tuple[str, ...]:
    """Names of the limits that a synthetic breach does not trip, or that trip on a sound account."""
    sound = _sound_view()
    wrong = [f"{breach.limit} (trips without a breach)" for breach in breaches(limits, sound)]
    for name, view in _sick_views(limits, sound).items():
        broken = breaches(limits, view)
        if name not in {breach.limit for breach in broken}:
            wrong.append(name)
        elif refusal(limits, view, Wish(SYMBOL, Side.LONG, Decimal(1))) is None:
            wrong.append(f"{name} (lets entries through)")
        elif name in LATCHING and decide(None, _OFF, broken) is not Pull.LATCH:
            wrong.append(f"{name} (does not pull the kill switch)")
    return tuple(wrong)


def rehearsed() -> int:
    """How many limits a rehearsal tries."""
    return len(_RULES)


_RULES = (
    "kill_switch",
    "account",
    "daily_loss",
    "drawdown",
    "equity",
    "gross_exposure",
    "net_exposure",
    "position_notional",
    "exposure_unknown",
    "memory",
    "loss_streak",
    "order_rate",
)


def _sound_view() -> View:
    account = Account(
        wallet_balance=_EQUITY,
        equity=_EQUITY,
        available=_EQUITY,
        unrealised_pnl=Decimal(0),
        positions=0,
        open_orders=0,
        reconciled_at=_THEN,
        at=_THEN,
    )
    return View(account, 0.0, (), Baselines("2025-01-01", _EQUITY, _EQUITY), market_now=_THEN)


def _sick_views(limits: Limits, sound: View) -> dict[str, View]:
    assert sound.account is not None  # noqa: S101 - made above
    poorer = replace(sound.account, equity=_EQUITY * (1 - limits.daily_loss))
    fallen = replace(sound.account, equity=_EQUITY * (1 - limits.drawdown))
    lost = Closed(SYMBOL, _THEN, Decimal(-1))
    views = (
        replace(sound, kill_reason="rehearsal"),
        replace(sound, account=None),
        replace(sound, account=poorer),
        replace(sound, account=fallen, baselines=Baselines("2025-01-01", fallen.equity, _EQUITY)),
        replace(sound, account=replace(sound.account, equity=Decimal(0))),
        replace(sound, positions=(_position(_EQUITY * limits.gross_exposure),)),
        replace(sound, positions=(_position(_EQUITY * limits.net_exposure),)),
        replace(sound, positions=(_position(limits.notional_per_position + 1),)),
        replace(sound, unmatched_s=limits.account_age_s + 1),
        replace(sound, unproven="rehearsal"),
        replace(
            sound, trips=Trips(closed=(lost,) * limits.losses_in_a_row), market_now=_THEN + timedelta(microseconds=1)
        ),
        replace(sound, orders=limits.orders_per_minute),
    )
    return dict(zip(_RULES, views, strict=True))


def _position(worth: Decimal) -> Position:
    return Position(
        id="rehearsal",
        symbol=SYMBOL,
        side=Side.LONG,
        quantity=Decimal(1),
        entry_price=worth,
        mark_price=worth,
        unrealised_pnl=Decimal(0),
        leverage=1,
        opened_at=_THEN,
        at=_THEN,
    )
