from __future__ import annotations

import pytest

from plugins.paper_exchange.play.clock import MarketClock, Pace, parse_speed

SECOND_NS = 1_000_000_000


class Hands:
    """Real time, moved by the test."""

    def __init__(self) -> None:
        self.ns = 5 * SECOND_NS

    def __call__(self) -> int:
        return self.ns


@pytest.mark.parametrize(
    ("text", "pace", "factor"),
    [("20", Pace.PACED, 20), ("0.5x", Pace.PACED, 0.5), ("max", Pace.MAX, 1), ("lockstep", Pace.LOCKSTEP, 1)],
)
def test_speeds_are_understood(text, pace, factor):
    """A number with or without x, max, or lockstep."""
    speed = parse_speed(text)
    assert (speed.pace, speed.factor) == (pace, factor)


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "fast", "200000"])
def test_other_speeds_are_refused_with_a_sentence(text):
    """What is not a speed is named, with what would be."""
    with pytest.raises(ValueError, match="lockstep"):
        parse_speed(text)


def test_market_time_is_a_line_over_real_time():
    """market = m0 + speed * (real - r0), and the way back."""
    hands = Hands()
    clock = MarketClock(parse_speed("60"), 1_000_000, hands)
    hands.ns += 2 * SECOND_NS
    assert clock.now_ms() == 1_000_000 + 120_000
    assert clock.seconds_until(1_000_000 + 180_000) == pytest.approx(1)
    assert clock.map(7).speed == 60


def test_setting_the_clock_draws_a_new_map():
    """A new anchor is visible, and time goes on from it."""
    hands = Hands()
    clock = MarketClock(parse_speed("60"), 1_000_000, hands)
    before = clock.anchor
    hands.ns += SECOND_NS
    clock.set(2_000_000)
    assert clock.anchor != before
    hands.ns += SECOND_NS
    assert clock.now_ms() == 2_060_000


def test_a_stopped_clock_stands_still():
    """When the market has ended no time passes, and the map says so."""
    hands = Hands()
    clock = MarketClock(parse_speed("60"), 1_000_000, hands)
    hands.ns += SECOND_NS
    clock.stop()
    hands.ns += SECOND_NS
    assert clock.now_ms() == 1_060_000
    assert clock.map(0).speed == 0


def test_lockstep_does_not_move_by_itself():
    """Only what is set counts."""
    hands = Hands()
    clock = MarketClock(parse_speed("lockstep"), 1_000_000, hands)
    hands.ns += 60 * SECOND_NS
    assert clock.now_ms() == 1_000_000
    assert clock.map(0).speed == 0
