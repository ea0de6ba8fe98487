"""The guard's part of the report: how much of each limit is used (pure)."""

from __future__ import annotations

from decimal import Decimal

from plugins.risk_guard.limits import Limits, View, gross_notional, net_notional
from qtcore import Paragraph, Section, Table

_HUNDRED = Decimal(100)


def limits_section(limits: Limits, view: View) -> Section:
    """Use against limit, in the limit's own unit; a sentence while the account is not known."""
    if view.account is None:
        return Section(title="Exposure and limits", blocks=(Paragraph(text="The account is not known yet."),))
    equity = view.account.equity
    rows: list[tuple[str, float, float, str, float | None]] = [
        _row("gross exposure", gross_notional(view.positions), limits.gross_exposure * equity, "USDT"),
        _row("net exposure", abs(net_notional(view.positions)), limits.net_exposure * equity, "USDT"),
        _row("positions", Decimal(len(view.positions)), Decimal(limits.positions), ""),
        _row("losses in a row", Decimal(view.trips.losses_in_a_row()), Decimal(limits.losses_in_a_row), ""),
        _row("orders in the last minute", Decimal(view.orders), Decimal(limits.orders_per_minute), ""),
        _row("entries in the last minute", Decimal(view.entries), Decimal(limits.entries_per_minute), ""),
    ]
    if view.baselines is not None:
        day, peak = view.baselines.day_equity, view.baselines.peak_equity
        rows += [
            _row("loss today", max(day - equity, Decimal(0)), limits.daily_loss * day, "USDT"),
            _row("loss from the peak", max(peak - equity, Decimal(0)), limits.drawdown * peak, "USDT"),
        ]
    table = Table(headings=("limit", "used", "allowed", "unit", "used in percent"), rows=tuple(rows))
    return Section(title="Exposure and limits", blocks=(table,))


def _row(name: str, used: Decimal, allowed: Decimal, unit: str) -> tuple[str, float, float, str, float | None]:
    share = round(float(used / allowed * _HUNDRED), 1) if allowed else None
    return name, round(float(used), 2), round(float(allowed), 2), unit, share
