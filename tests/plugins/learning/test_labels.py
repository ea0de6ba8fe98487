"""Labels, against a second opinion: one decision at a time, walked bar by bar in plain Python."""

from __future__ import annotations

import dataclasses
import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.learning.classes import Direction
from plugins.learning.dataset import build_samples, settlements
from plugins.learning.features import History, panel_of
from plugins.learning.labels import UNKNOWN, Barriers, Costs, Labels, average_uniqueness, labels_of
from tests.plugins.learning.conftest import START_MS, history

RULE = Barriers(horizon_bars=5, width=0.8, volatility_bars=4, least_costs=2.0)
COSTS = Costs()


def walk(mine: History, at: int) -> tuple[str, int, float, float] | None:
    """What one decision would have earned: class, last bar, net of a long, net of a short. None when unknown."""
    series = {name: [float(x) for x in column] for name, column in mine.columns.items()}
    bars = len(series["close"])
    if at + RULE.horizon_bars >= bars or at < RULE.volatility_bars:
        return None
    returns = [math.log(series["close"][i] / series["close"][i - 1]) for i in range(at - 3, at + 1)]
    away = max(RULE.width * statistics.pstdev(returns) * math.sqrt(RULE.horizon_bars), 2.0 * COSTS.round_trip)
    entry = series["open"][at + 1]
    above, below, last = False, False, at + RULE.horizon_bars
    for bar in range(at + 1, at + RULE.horizon_bars + 1):
        above = series["high"][bar] >= entry * (1 + away)
        below = series["low"][bar] <= entry * (1 - away)
        if above or below:
            last = bar
            break
    end_open, end_close = series["open"][last], series["close"][last]
    long_gain = (min(entry * (1 - away), end_open) if below else entry * (1 + away) if above else end_close) / entry - 1
    short_gain = (
        1 - (max(entry * (1 + away), end_open) if above else entry * (1 - away) if below else end_close) / entry
    )
    entered_ms = int(mine.opened_ms[at + 1])
    left_ms = int(mine.opened_ms[last]) + (0 if above or below else 60_000)
    paid = sum(
        float(rate)
        for time, rate in zip(mine.funding_ms, mine.funding_rate, strict=True)
        if entered_ms < time <= left_ms
    )
    net_long, net_short = long_gain - COSTS.round_trip - paid, short_gain - COSTS.round_trip + paid
    name = "UP" if above and net_long > 0 else "DOWN" if below and net_short > 0 else "FLAT"
    return name, last, net_long, net_short


@settings(max_examples=40, deadline=None)
@given(
    moves=st.lists(
        st.tuples(st.floats(-0.02, 0.02), st.floats(0, 0.01), st.floats(0, 0.01), st.floats(-0.004, 0.004)),
        min_size=8,
        max_size=30,
    ),
    funded=st.lists(st.integers(0, 30), max_size=4, unique=True),
)
def test_labels_are_what_a_patient_walk_finds(moves: list[tuple[float, ...]], funded: list[int]) -> None:
    """Class, end and both net results agree on small paths with gaps, wicks and funding."""
    columns: dict[str, list[float]] = {name: [] for name in ("open", "high", "low", "close", "volume")}
    price = 100.0
    for move, up, down, gap in moves:
        open_ = price * (1 + gap)
        price = open_ * (1 + move)
        figures = (open_, max(open_, price) * (1 + up), min(open_, price) * (1 - down), price, 1.0)
        for name, figure in zip(columns, figures, strict=True):
            columns[name].append(figure)
    mine = History(
        opened_ms=START_MS + np.arange(len(moves), dtype=np.int64) * 60_000,
        columns={name: np.array(column) for name, column in columns.items()},
        funding_ms=np.array(sorted(START_MS + minute * 60_000 for minute in funded), dtype=np.int64),
        funding_rate=np.full(len(funded), 0.0007),
    )
    panel = panel_of({"AUSDT": mine}, 60)
    found = labels_of(panel, settlements({"AUSDT": mine}, panel), RULE, COSTS)
    for at in range(len(moves)):
        expected = walk(mine, at)
        if expected is None:
            assert found.direction[0, at] == UNKNOWN
            continue
        name, last, net_long, net_short = expected
        assert found.end[0, at] == last
        assert found.net_long[0, at] == pytest.approx(net_long, abs=1e-12)
        assert found.net_short[0, at] == pytest.approx(net_short, abs=1e-12)
        if min(abs(net_long), abs(net_short)) > 1e-9:
            assert Direction(found.direction[0, at]).name == name


def test_a_move_that_costs_eat_is_flat() -> None:
    """Without costs there is a direction, with them there is none."""
    mine = history(400, seed=3, funding=False)
    for name in ("open", "high", "low", "close"):
        mine.columns[name][:] = 50 + (mine.columns[name] - 50) * 0.01
    panel = panel_of({"AUSDT": mine}, 60)
    nothing = np.zeros((1, 400))
    free = labels_of(panel, nothing, Barriers(), Costs(0.0, 0.0))
    dear = labels_of(panel, nothing, Barriers(), Costs(0.005, 0.001))
    assert (free.direction[free.known] != Direction.FLAT).mean() > 0.4
    assert (dear.direction[dear.known] == Direction.FLAT).all()


def test_no_label_reaches_over_a_hole_or_the_end() -> None:
    """What was not recorded is not guessed."""
    mine = history(200, seed=4)
    kept = np.arange(200) != 120
    holed = dataclasses.replace(
        mine, opened_ms=mine.opened_ms[kept], columns={k: v[kept] for k, v in mine.columns.items()}
    )
    panel = panel_of({"AUSDT": holed}, 60)
    found = labels_of(panel, np.zeros((1, 200)), Barriers(horizon_bars=10), Costs())
    assert not found.known[0, 110:121].any()
    assert not found.known[0, 190:].any()
    assert found.known[0, 100:110].all()


@settings(max_examples=40, deadline=None)
@given(
    lives=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 8)), min_size=1, max_size=12, unique_by=lambda x: x[0])
)
def test_uniqueness_is_the_mean_share_of_a_life(lives: list[tuple[int, int]]) -> None:
    """Counted bar by bar: 1 for a label alone, less for each that overlaps it."""
    direction = np.full((1, 32), UNKNOWN, dtype=np.int8)
    end = np.zeros((1, 32), dtype=np.int64)
    for start, length in lives:
        direction[0, start], end[0, start] = Direction.UP, start + length
    nothing = np.zeros((1, 32))
    found = average_uniqueness(Labels(direction, end, nothing, nothing, nothing))
    for start, length in lives:
        shares = [
            1 / sum(other < bar <= other + long for other, long in lives)
            for bar in range(start + 1, start + length + 1)
        ]
        assert found[0, start] == pytest.approx(statistics.fmean(shares))
    assert (found[direction == UNKNOWN] == 0).all()


def test_the_same_history_gives_the_same_samples() -> None:
    """Bit by bit, whatever order the symbols come in."""
    histories = {name: history(500, seed=seed) for seed, name in enumerate(("AUSDT", "BUSDT", "CUSDT"))}
    first = build_samples(histories, 60, sequence=32)
    again = build_samples(dict(reversed(histories.items())), 60, sequence=32)
    other = build_samples({**histories, "CUSDT": history(500, seed=9)}, 60, sequence=32)
    assert first.digest == again.digest
    assert first.digest != other.digest
    assert len(first) > 300
    assert first.weights.mean() == pytest.approx(1.0, rel=1e-5)


def test_samples_stand_in_order_of_time_and_know_their_past() -> None:
    """The last row of a sequence is the sample's own, nothing in it is missing, and labels end after decisions."""
    histories = {name: history(500, seed=seed) for seed, name in enumerate(("AUSDT", "BUSDT"))}
    samples = build_samples(histories, 60, sequence=16, every_bars=3)
    sequences = samples.sequences(16)
    np.testing.assert_array_equal(sequences[:, -1], samples.values)
    needed = [column for column, feature in enumerate(samples.schema.features) if not feature.optional]
    assert np.isfinite(sequences[..., needed]).all()
    assert (np.diff(samples.decided_ms) >= 0).all()
    assert (samples.known_ms > samples.decided_ms).all()
    part = samples.take(samples.decided_ms > samples.decided_ms[50])
    np.testing.assert_array_equal(part.values, samples.values[samples.decided_ms > samples.decided_ms[50]])
    assert part.shares().sum() == pytest.approx(1.0)
