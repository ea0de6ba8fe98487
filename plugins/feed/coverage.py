"""What the feed knows of each symbol, for whoever chooses among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugins.domain import Candle, Mark, market_ms
from plugins.feed.window import Window

RECENT_BARS = 60
"""Candles whose turnover and movement say how a symbol is traded now."""


def covered(windows: Mapping[str, Window], spreads: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """For each symbol: `bars` kept, last close in market ms; of the recent ones, which span `recent_s`, the
    `turnover` in quote asset, the mean `movement` (high less low as a part of the close) and the share of
    `empty` ones; and the `spread` where it is known."""
    return {
        symbol: {**_traded(window.tail(RECENT_BARS)), "bars": len(window), "spread": spreads.get(symbol)}
        for symbol, window in windows.items()
    }


def marked(windows: Mapping[str, Window], marks: Mapping[str, Mark]) -> dict[str, dict[str, Any]]:
    """For each symbol `price`, `funding_rate` and market time `at` of its newest mark, null before any; `closed_ms`."""
    return {symbol: _newest(window, marks.get(symbol)) for symbol, window in windows.items()}


def _newest(window: Window, mark: Mark | None) -> dict[str, Any]:
    last = window.tail(1)
    return {
        "price": str(mark.price) if mark else None,
        "funding_rate": str(mark.funding_rate) if mark else None,
        "at": mark.at.isoformat() if mark else None,
        "closed_ms": market_ms(last[-1].closed_at) if last else None,
    }


def _traded(recent: list[Candle]) -> dict[str, Any]:
    if not recent:
        return {"closed_ms": None, "recent_s": 0, "interval_s": 0, "turnover": "0", "movement": None, "empty": 1.0}
    return {
        "closed_ms": market_ms(recent[-1].closed_at),
        "recent_s": len(recent) * recent[-1].interval_s,
        "interval_s": recent[-1].interval_s,
        "turnover": str(sum(candle.volume * candle.close for candle in recent)),
        "movement": sum(float(candle.high - candle.low) / float(candle.close) for candle in recent) / len(recent),
        "empty": sum(candle.volume == 0 for candle in recent) / len(recent),
    }
