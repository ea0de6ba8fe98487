"""What the venue sends becomes our types only if it can be what it says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.feed.frames import BadFrame, candles_of_klines, closed_candle, marks_of

OPENED_MS = 1_735_689_600_000


def kline(closed: bool = True, **figures: str) -> dict[str, Any]:
    values = {"o": "100", "h": "110", "l": "90", "c": "105", "v": "3", **figures}
    return {"e": "kline", "s": "BTCUSDT", "k": {"t": OPENED_MS, "x": closed, **values}}


def test_reads_a_closed_candle_exactly() -> None:
    """Figures are the venue's own decimals, and the candle closes when the next one opens."""
    candle = closed_candle(kline(c="105.10"), 60, 7)
    assert candle is not None
    assert (candle.close, str(candle.close), candle.received_ns) == (Decimal("105.1"), "105.10", 7)
    assert (candle.closed_at - candle.opened_at).total_seconds() == 60


def test_a_forming_candle_is_none() -> None:
    """A candle that is not closed is not looked at further."""
    assert closed_candle(kline(closed=False), 60, 0) is None


@pytest.mark.parametrize(
    "figures",
    [{"h": "99"}, {"l": "101"}, {"c": "0", "l": "0"}, {"v": "-1"}, {"o": "NaN"}, {"h": "Infinity"}, {"c": "x"}],
)
def test_refuses_what_is_no_candle(figures: dict[str, str]) -> None:
    """High below a price, low above one, no price, less than no volume: refused, never corrected."""
    with pytest.raises(BadFrame):
        closed_candle(kline(**figures), 60, 0)


@pytest.mark.parametrize("event", [{}, {"k": {}}, {"k": None}, {"s": "X", "k": {"x": True, "t": "soon"}}])
def test_refuses_an_incomplete_event(event: dict[str, Any]) -> None:
    """An event without its parts is a BadFrame, whatever is missing."""
    with pytest.raises(BadFrame):
        closed_candle(event, 60, 0)


@given(prices=st.lists(st.decimals("0.0001", "1e6", places=4), min_size=4, max_size=4))
def test_accepts_every_ordered_candle(prices: list[Decimal]) -> None:
    """Whatever four prices there are, with the least as low and the greatest as high they are a candle."""
    low, first, second, high = sorted(prices)
    (candle,) = candles_of_klines("X", 60, [[OPENED_MS, str(first), str(high), str(low), str(second), "0"]])
    assert (candle.low, candle.high) == (low, high)


def test_reads_marks_of_followed_symbols_only() -> None:
    """One frame holds the marks of all symbols; the others are left out unread."""
    event = {"e": "markPriceUpdate", "E": OPENED_MS, "p": "100.5", "r": "0.0001", "T": 0}
    (mark,) = marks_of([{**event, "s": "BTCUSDT"}, {"e": "markPriceUpdate", "s": "OTHER"}], {"BTCUSDT"})
    assert (mark.price, mark.funding_rate, mark.next_funding_at) == (Decimal("100.5"), Decimal("0.0001"), None)
    with pytest.raises(BadFrame):
        marks_of([{**event, "s": "BTCUSDT", "p": "0"}], {"BTCUSDT"})
    for odd in (["text"], [{}], [None]):
        with pytest.raises(BadFrame):
            marks_of(odd, {"BTCUSDT"})  # type: ignore[arg-type] # what a venue may send
