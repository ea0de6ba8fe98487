"""What the monitor shows to people."""

from __future__ import annotations

from typing import Any

from plugins.position_monitor.audit import Audit
from plugins.position_monitor.money import Parts
from plugins.position_monitor.sight import covered
from plugins.position_monitor.watched import Watched, Watchlist


def watched_row(known: Watchlist, watched: Watched, now_s: float) -> dict[str, Any]:
    """One open position as it is followed."""
    position, stop = watched.position, known.stops.get(watched.position.symbol)
    first = known.first.get(position.id)
    return {
        "symbol": position.symbol,
        "side": position.side.value,
        "quantity": str(position.quantity),
        "entered": str(first.entered) if first else None,
        "entry": str(position.entry_price),
        "risk": str(first.risk) if first and first.risk else None,
        "stop": str(stop.trigger) if stop and covered(stop) else None,
        "stop_status": stop.status.value if stop else "unknown",
        "followed_s": round(now_s - watched.seen_s, 1),
        "take_profit_asked": watched.take_profit_asked,
        "considered_s_ago": _considered_s_ago(watched, now_s),
        "decided": watched.decided or None,
    }


def _considered_s_ago(watched: Watched, now_s: float) -> float | None:
    """Real seconds since it was last judged; none while an act that was decided is carried out."""
    if watched.acting:
        return 0.0
    return None if watched.considered_s is None else round(now_s - watched.considered_s, 2)


def pnl_of(known: Watchlist, audit: Audit) -> dict[str, Any]:
    """Open positions by what they have brought, and the check of the whole."""
    rows = []
    for watched in known.positions.values():
        position, parts = watched.position, audit.money.parts.get(watched.position.id, Parts())
        rows.append(
            {
                "symbol": position.symbol,
                "side": position.side.value,
                "unrealised": f"{position.unrealised_pnl:.4f}",
                "price": f"{parts.price:.4f}",
                "fees": f"{parts.fees:.4f}",
                "funding": f"{parts.funding:.4f}",
                "net": f"{parts.net + position.unrealised_pnl:.4f}",
            }
        )
    return {
        "open": rows,
        "booked": f"{audit.money.total:.4f}",
        "wallet_difference": f"{audit.drift:.4f}" if audit.drift is not None else None,
        "agrees": not audit.differing if audit.drift is not None else None,
    }
