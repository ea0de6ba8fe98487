"""The rules tried on a made-up account at each start: a guard that cannot bark must not stand watch."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from plugins.domain import Account, Position, Side
from plugins.risk_guard.limits import Baselines, Limits, View, breaches

_THEN = datetime(2025, 1, 1, tzinfo=UTC)
_EQUITY = Decimal(10_000)


def silent_rules(limits: Limits) -> tuple[str, ...]:
    """Names of the limits that a synthetic breach does not trip, or that trip on a sound account."""
    sound = _sound_view()
    wrong = [f"{breach.limit} (trips without a breach)" for breach in breaches(limits, sound)]
    for name, view in _sick_views(limits, sound).items():
        if name not in {breach.limit for breach in breaches(limits, view)}:
            wrong.append(name)
    return tuple(wrong)


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
    return View(account, 0.0, (), Baselines("2025-01-01", _EQUITY, _EQUITY))


def _sick_views(limits: Limits, sound: View) -> dict[str, View]:
    assert sound.account is not None  # noqa: S101 - made above
    poorer = replace(sound.account, equity=_EQUITY * (1 - limits.daily_loss))
    fallen = replace(sound.account, equity=_EQUITY * (1 - limits.drawdown))
    position = Position(
        id="rehearsal",
        symbol="REHEARSAL",
        side=Side.LONG,
        quantity=limits.gross_exposure,
        entry_price=_EQUITY,
        mark_price=_EQUITY,
        unrealised_pnl=Decimal(0),
        leverage=1,
        opened_at=_THEN,
        at=_THEN,
    )
    return {
        "kill_switch": replace(sound, kill_reason="rehearsal"),
        "account": replace(sound, account=None),
        "daily_loss": replace(sound, account=poorer),
        "drawdown": replace(sound, account=fallen, baselines=Baselines("2025-01-01", fallen.equity, _EQUITY)),
        "gross_exposure": replace(sound, positions=(position,)),
    }
