"""The simulated market: always the same, playable from anywhere, and like the real one in its habits."""

from __future__ import annotations

from hashlib import sha256
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from plugins.paper_exchange.market import measured
from plugins.paper_exchange.market.opening import open_market
from plugins.paper_exchange.market.simulated import SimulatedMarket
from plugins.paper_exchange.market.simulation import DAY_BARS, bars_of, first_state, moves_of
from plugins.paper_exchange.market.source import Bar, MarketDataError

MINUTE_MS = 60_000
DAY_MS = DAY_BARS * MINUTE_MS
DAYS = 30


def closes(seed: int) -> NDArray[np.float64]:
    """Closing prices in ticks (bars, symbols) of thirty days."""
    state, days = first_state(seed), []
    for day in range(DAYS):
        moves = moves_of(seed, day, state)
        days.append(bars_of(seed, day, moves)[0][..., 3])
        state = moves.after
    return np.concatenate(days).astype(np.float64)


@pytest.fixture(scope="module")
def returns() -> NDArray[np.float64]:
    """Log returns (months, symbols, bars) of four seeds."""
    return np.stack([np.diff(np.log(closes(seed)), axis=0).T for seed in (1, 2, 3, 4)])


def kurtosis(values: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = values - values.mean(axis=-1, keepdims=True)
    return (centred**4).mean(axis=-1) / (centred**2).mean(axis=-1) ** 2


def test_seed_gives_the_same_bytes_everywhere() -> None:
    """The second day of seed 7 is this one, on every machine and with every version of numpy."""
    moves = moves_of(7, 1, moves_of(7, 0, first_state(7)).after)
    prices, volumes = bars_of(7, 1, moves)
    digest = sha256(prices.astype("<i8").tobytes() + volumes.astype("<i8").tobytes()).hexdigest()
    assert digest == "d71e6421e2eec1cda142427d1a1be52dbfeb705018c9c48bf582dee6f82b915b"


def test_other_seeds_are_other_markets() -> None:
    """Two seeds share no path."""
    one, other = open_market("simulated:seed=1"), open_market("simulated", seed=2)
    assert one.next_bars(one.start_ms) != other.next_bars(other.start_ms)


def test_market_can_be_joined_anywhere() -> None:
    """A market opened anew at a later bar plays the bars of the one that ran through, in any order of asking."""
    through, anew = SimulatedMarket(3), SimulatedMarket(3)
    times = [through.start_ms + offset for offset in (0, DAY_MS - MINUTE_MS, 3 * DAY_MS, 12 * DAY_MS + 7 * MINUTE_MS)]
    played = [through.next_bars(at) for at in times]
    assert [anew.next_bars(at) for at in reversed(times)] == played[::-1]
    assert [through.next_bars(at) for at in times] == played


def test_leaving_symbols_out_does_not_change_the_others() -> None:
    """A subset plays the prices that it has in the whole market."""
    whole, part = SimulatedMarket(1), SimulatedMarket(1, ["SOLUSDT", "BTCUSDT"])
    at = whole.start_ms + 77 * MINUTE_MS
    bars, some = whole.next_bars(at), part.next_bars(at)
    assert list(part.rules) == ["SOLUSDT", "BTCUSDT"]
    assert some == {symbol: bars[symbol] for symbol in ("SOLUSDT", "BTCUSDT")}  # type: ignore[index]


def test_history_leads_up_to_the_first_bar() -> None:
    """A week of bars lies before the first moment of play, and ends where the first bar played begins."""
    market = SimulatedMarket(5)
    history = market.history("BTCUSDT", market.start_ms, 20_000)
    first = market.next_bars(market.start_ms)
    assert len(history) == 7 * DAY_MS // MINUTE_MS
    assert history[0].open_ms == market.first_ms
    assert [bar.open_ms for bar in history[-2:]] == [market.start_ms - 2 * MINUTE_MS, market.start_ms - MINUTE_MS]
    assert first is not None
    assert first["BTCUSDT"].open == history[-1].close


def test_history_may_span_days() -> None:
    """What was played is served as history, the newest bars of the asked number, oldest first."""
    market = SimulatedMarket(5)
    end = market.start_ms + 2 * DAY_MS
    history = market.history("ETHUSDT", end, 2000)
    assert [bar.open_ms for bar in history] == list(range(end - 2000 * MINUTE_MS, end, MINUTE_MS))
    assert all(earlier.close == later.open for earlier, later in pairwise(history))


def test_symbol_that_is_not_simulated_is_refused() -> None:
    """An unknown symbol is refused with the nearest known one."""
    with pytest.raises(MarketDataError, match="did you mean BTCUSDT"):
        open_market("simulated", symbols=["BTCUSD"])


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range_is_refused(seed: int) -> None:
    """Seeds are whole numbers of 64 bits."""
    with pytest.raises(MarketDataError, match="out of range"):
        open_market("simulated", seed=seed)


def test_two_different_seeds_are_refused() -> None:
    """A seed in the name and another beside it contradict each other."""
    with pytest.raises(MarketDataError, match="contradicts"):
        open_market("simulated:seed=7", seed=8)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(0, 3 * DAY_BARS))
def test_every_bar_could_be_real(seed: int, minute: int) -> None:
    """Prices are positive, on the tick and within low and high; volume is positive and on the step."""
    market = SimulatedMarket(seed)
    bars = market.next_bars(market.start_ms + minute * MINUTE_MS)
    assert bars is not None
    assert list(bars) == [one.symbol for one in measured.SYMBOLS]
    for symbol, bar in bars.items():
        rules = market.rules[symbol]
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert all(price % rules.tick_size == 0 for price in (bar.open, bar.high, bar.low, bar.close))
        assert bar.volume >= rules.step_size
        assert bar.volume % rules.step_size == 0


def test_market_runs_for_years_on_its_ticks() -> None:
    """After two market years every price is still thousands of ticks away from nothing."""
    state = first_state(1)
    for day in range(730):
        state = moves_of(1, day, state).after
    ratio = state.levels / np.array([one.price for one in measured.SYMBOLS])
    assert (ratio > 0.05).all()
    assert (ratio < 20).all()


def test_volatility_is_the_measured_one(returns: NDArray[np.float64]) -> None:
    """Over four months each symbol's σ of 1m returns lies within 25 % of the measured one."""
    generated = np.sqrt((returns**2).mean(axis=(0, 2)))
    ratio = generated / np.array([one.sigma for one in measured.SYMBOLS])
    assert (ratio > 0.75).all(), ratio
    assert (ratio < 1.25).all(), ratio


def test_volatility_changes(returns: NDArray[np.float64]) -> None:
    """The wildest of thirty days is at least twice as wild as the calmest, as measured (2.6 and more)."""
    daily = returns[..., : (DAYS - 1) * DAY_BARS].reshape(4, -1, DAYS - 1, DAY_BARS).std(axis=3).mean(axis=1)
    assert (daily.max(axis=1) / daily.min(axis=1) > 2).all()


def test_correlation_is_the_measured_one(returns: NDArray[np.float64]) -> None:
    """The mean correlation lies within 0.07 of the measured 0.71 to 0.72, and no pair is out of line."""
    pairs = list(combinations(range(len(measured.SYMBOLS)), 2))
    for month in returns:
        correlation = np.array([np.corrcoef(month[list(pair)])[0, 1] for pair in pairs])
        expected = np.array([measured.SYMBOLS[a].loading * measured.SYMBOLS[b].loading for a, b in pairs])
        assert abs(correlation.mean() - 0.715) < 0.07
        assert np.abs(correlation - expected).max() < 0.12


def test_tails_are_fat_as_measured(returns: NDArray[np.float64]) -> None:
    """Kurtosis at one minute is 10 to 140 (measured 13 calm, 140 with a crash), at an hour above 4 (7 and 29)."""
    months, symbols, bars = returns.shape
    hourly = returns[..., : bars // 60 * 60].reshape(months, symbols, -1, 60).sum(axis=3)
    assert 10 < float(np.median(kurtosis(returns))) < 140
    assert 4 < float(np.median(kurtosis(hourly))) < 30


def test_wild_minutes_come_together(returns: NDArray[np.float64]) -> None:
    """Sizes of moves remember, 0.15 to 0.5 after a bar (measured 0.25 and 0.44); their signs do not."""

    def memory(values: NDArray[np.float64], lag: int) -> float:
        centred = values - values.mean(axis=-1, keepdims=True)
        products = (centred[..., lag:] * centred[..., :-lag]).mean(axis=-1) / (centred**2).mean(axis=-1)
        return float(np.median(products))

    sizes = np.abs(returns)
    assert 0.15 < memory(sizes, 1) < 0.5
    assert 0.10 < memory(sizes, 30) < 0.3
    assert 0.01 < memory(sizes, 720) < 0.15
    assert abs(memory(returns, 1)) < 0.03


def test_volume_follows_the_range() -> None:
    """Bars with a wide range trade more: rank correlation above 0.5 (measured correlation 0.70 to 0.85)."""
    market = SimulatedMarket(1)
    history = market.history("ETHUSDT", market.start_ms + DAY_MS, DAY_BARS)
    ranges, volumes = [float(bar.high - bar.low) for bar in history], [float(bar.volume) for bar in history]
    ranks = [np.argsort(np.argsort(values)) for values in (ranges, volumes)]
    assert np.corrcoef(ranks)[0, 1] > 0.5


def test_funding_is_settled_every_eight_hours() -> None:
    """Settlements lie at 0, 8 and 16 h UTC, stay under the ceiling, and do not depend on how they are asked for."""
    market = SimulatedMarket(1)
    rates = market.funding("BTCUSDT", market.start_ms, market.start_ms + 30 * DAY_MS)
    later = market.funding("BTCUSDT", rates[3][0], rates[5][0])
    assert len(rates) == 90
    assert all(at % (8 * 3_600_000) == 0 for at, _ in rates)
    assert all(abs(rate) < 1 and rate <= measured.FUNDING_CEILING for _, rate in rates)
    assert list(later) == list(rates[3:5])
    assert market.funding("ETHUSDT", market.start_ms, rates[-1][0]) != rates[:-1]


def bar_of(market: SimulatedMarket, minute: int) -> Bar:
    bars = market.next_bars(market.start_ms + minute * MINUTE_MS)
    assert bars is not None
    return bars["BTCUSDT"]


def test_path_stays_on_the_tick() -> None:
    """The steps inside a bar use the bar's own prices, so they lie on the tick."""
    market = SimulatedMarket(1)
    bar = bar_of(market, 5)
    assert [step.price % market.rules["BTCUSDT"].tick_size for step in market.path(bar, "BTCUSDT")] == [0, 0, 0, 0]


def test_some_symbols_settle_funding_every_four_hours() -> None:
    """SUIUSDT pays half as much twice as often, on the hours that the others have too."""
    market = SimulatedMarket(7)
    begin = market.start_ms - market.start_ms % DAY_MS
    rows = market.funding("SUIUSDT", begin, begin + 3 * DAY_MS)
    assert [(at_ms - begin) // 3_600_000 for at_ms, _ in rows] == list(range(0, 72, 4))
    assert rows[0][1] == rows[1][1]
    assert {rate for _, rate in rows} != {rows[0][1]}
