from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.paper_exchange.market.source import Bar, Step
from plugins.paper_exchange.play.candles import CandleBook

pytestmark = pytest.mark.anyio

MINUTE_MS = 60_000


def bars_from(market, count: int, first: int = 0) -> list[Bar]:
    return [market.bar("BTCUSDT", first + number) for number in range(count)]


async def test_history_is_there_from_the_first_moment(market):
    """A series begins with all the history the source has, the newest candle last."""
    book = CandleBook(market, market.start_ms)
    minutes = (await book.series("BTCUSDT", "1m")).closed
    assert len(minutes) == 500
    assert minutes[-1].end_ms == market.start_ms
    hours = (await book.series("BTCUSDT", "1h")).closed
    assert all(candle.open_ms % 3_600_000 == 0 for candle in hours)
    assert len(hours) >= 8


async def test_a_period_closes_with_its_last_bar(market):
    """Five one-minute bars make one five-minute candle, at the moment the fifth closes."""
    for number in range(5):
        market.write("BTCUSDT", number, str(100 + number), str(110 + number), str(90 - number), str(105 + number))
    book = CandleBook(market, market.start_ms)
    await book.series("BTCUSDT", "5m")
    closed = [book.close({"BTCUSDT": bar}) for bar in bars_from(market, 5)]
    assert closed[:4] == [[], [], [], []]
    (done,) = closed[4]
    candle = done.candle
    assert (candle.open, candle.high, candle.low, candle.close) == (100, 114, 86, 109)
    assert (candle.volume, candle.end_ms - candle.open_ms) == (5000, 5 * MINUTE_MS)


async def test_the_forming_candle_holds_what_was_traded_so_far(market):
    """The present period shows its closed bars and the trades since, and nothing of the future."""
    market.write("BTCUSDT", 0, "100", "120", "80", "90")
    book = CandleBook(market, market.start_ms)
    await book.series("BTCUSDT", "5m")
    assert book.forming("BTCUSDT", "5m") is None
    book.trade(Step("BTCUSDT", market.start_ms, Decimal(100), Decimal(3)))
    book.trade(Step("BTCUSDT", market.start_ms + 1, Decimal(107), Decimal(4)))
    candle = book.forming("BTCUSDT", "5m")
    assert candle is not None
    assert (candle.high, candle.low, candle.close, candle.volume) == (107, 100, 107, 7)
    book.close({"BTCUSDT": market.bar("BTCUSDT", 0)})
    candle = book.forming("BTCUSDT", "5m")
    assert candle is not None
    assert (candle.high, candle.low, candle.close) == (120, 80, 90)
    book.trade(Step("BTCUSDT", market.start_ms + MINUTE_MS, Decimal(130), Decimal(1)))
    candle = book.forming("BTCUSDT", "5m")
    assert candle is not None
    assert (candle.open, candle.high, candle.close) == (100, 130, 130)


def test_only_whole_multiples_of_the_base_bar_are_offered(market):
    """A five-minute recording cannot show minutes, nor anybody a week."""
    market.interval_ms = 5 * MINUTE_MS
    book = CandleBook(market, market.start_ms)
    offered = {interval for interval in ("1m", "3m", "5m", "15m", "1h", "1w") if book.offers(interval)}
    assert offered == {"5m", "15m", "1h"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    closes=st.lists(st.integers(50, 200), min_size=1, max_size=40), interval=st.sampled_from(["1m", "3m", "15m", "1h"])
)
async def test_a_series_built_late_equals_one_kept_from_the_start(market, closes, interval):
    """Whether a series is asked for before or after the bars were played, it is the same."""
    market.bars.clear()
    for number, close in enumerate(closes):
        price = str(close)
        market.write("BTCUSDT", number, price, str(close + 1), str(close - 1), price)
    kept = CandleBook(market, market.start_ms)
    early = await kept.series("BTCUSDT", interval)
    for bar in bars_from(market, len(closes)):
        kept.close({"BTCUSDT": bar})
    late = CandleBook(market, market.start_ms + len(closes) * MINUTE_MS)
    built = await late.series("BTCUSDT", interval)
    assert list(built.closed) == list(early.closed)
    assert late.forming("BTCUSDT", interval) == kept.forming("BTCUSDT", interval)
