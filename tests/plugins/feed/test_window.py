"""The window of a symbol never has a hole in it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import Candle, Succession, candle_of, candles_of, history_of
from plugins.feed.window import Window


def candle(number: int) -> Candle:
    return candle_of("BTCUSDT", 60, number * 60_000, ["1", "2", "1", "2", str(number)])


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 10))
def test_is_always_a_row_without_holes(numbers: list[int], size: int) -> None:
    """Whatever comes, doubled or with holes: each candle follows the one before, and the newest is the newest."""
    window = Window(size)
    taken = window.extend(candle(number) for number in numbers)
    kept = window.tail(size)
    assert all(b.opened_at == a.closed_at for a, b in pairwise(kept))
    assert len(window) <= size
    if numbers:
        assert window.last == max(taken, key=lambda each: each.opened_at) == candle(max(numbers))
    assert [each.opened_at for each in taken] == sorted({each.opened_at for each in taken})


def test_tells_where_a_candle_stands() -> None:
    """The next one, an old one, and one behind a hole are told apart."""
    window = Window(5)
    assert window.place(candle(7)) is Succession.NEXT
    window.extend([candle(7)])
    places = [window.place(candle(number)) for number in (6, 7, 8, 9)]
    assert places == [Succession.OLD, Succession.OLD, Succession.NEXT, Succession.GAP]


@given(st.integers(0, 40))
def test_history_comes_back_as_it_went(count: int) -> None:
    """Candles survive their journey as plain data."""
    candles = [candle(number) for number in range(count)]
    assert candles_of(history_of("BTCUSDT", 60, candles)) == candles
