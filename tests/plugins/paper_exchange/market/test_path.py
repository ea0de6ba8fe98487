"""The assumed order of prices inside a bar."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.paper_exchange.market.path import intrabar_path
from plugins.paper_exchange.market.source import Bar

prices = st.integers(1, 10**7).map(lambda ticks: ticks * Decimal("0.10"))


@st.composite
def any_bar(draw: st.DrawFn) -> Bar:
    low, first, second, high = sorted(draw(st.lists(prices, min_size=4, max_size=4)))
    opened, close = draw(st.permutations([first, second]))
    return Bar(
        60_000 * draw(st.integers(0, 10**6)),
        opened,
        high,
        low,
        close,
        Decimal(draw(st.integers(1, 10**9))) / 1000,
    )


def bar(opened: str, high: str, low: str, close: str) -> Bar:
    return Bar(0, Decimal(opened), Decimal(high), Decimal(low), Decimal(close), Decimal("8.001"))


def test_nearer_extreme_comes_first() -> None:
    """From the open the price goes to the nearer extreme, then to the other, then to the close."""
    walked = [step.price for step in intrabar_path(bar("10", "11", "5", "6"), "BTCUSDT", 60_000)]
    assert walked == [10, 11, 5, 6]


def test_ties_follow_the_bar() -> None:
    """With both extremes equally near, a rising bar dips first and a falling bar rises first."""
    assert [step.price for step in intrabar_path(bar("10", "12", "8", "11"), "X", 60_000)] == [10, 8, 12, 11]
    assert [step.price for step in intrabar_path(bar("10", "12", "8", "9"), "X", 60_000)] == [10, 12, 8, 9]


@settings(max_examples=60)
@given(any_bar(), st.sampled_from(["BTCUSDT", "ETHUSDT", "LAYERUSDT"]), st.sampled_from([60_000, 300_000]))
def test_path_is_a_faithful_account_of_the_bar(one: Bar, symbol: str, interval_ms: int) -> None:
    """Times rise strictly inside the bar, prices are the bar's own, quantities add up to its volume."""
    steps = intrabar_path(one, symbol, interval_ms)
    times = [step.at_ms for step in steps]
    assert times[0] == one.open_ms
    assert times[-1] == one.open_ms + interval_ms - 1
    assert all(earlier < later for earlier, later in pairwise(times))
    assert (steps[0].price, steps[-1].price) == (one.open, one.close)
    assert {steps[1].price, steps[2].price} == {one.high, one.low}
    assert sum(step.quantity for step in steps) == one.volume
    assert all(step.quantity >= 0 for step in steps)
