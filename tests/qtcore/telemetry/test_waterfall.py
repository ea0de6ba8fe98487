"""A trace as a person sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtcore.telemetry.moments import duration_text, time_text
from qtcore.telemetry.waterfall import waterfall

from .traces import RECOVERY, START, span

GOLDEN = Path(__file__).with_name("waterfall.txt")


def test_the_waterfall_is_drawn_as_it_always_was() -> None:
    """Parents above children, bars in proportion, failures and inferred ends explained."""
    drawn = "\n".join(line.text for line in waterfall(RECOVERY, width=100))

    assert drawn + "\n" == GOLDEN.read_text()


def test_moods_tell_a_terminal_what_to_colour() -> None:
    """Errors, inferred ends and spans that go on are told apart."""
    moods = {line.text.split(" (")[0].strip(): line.mood for line in waterfall(RECOVERY)[3:]}

    assert moods["start"] == "error"
    assert moods["plugin.start"] == "inferred"
    assert moods["re-check"] == "open"
    assert moods["again"] == "plain"


def test_without_a_supervisor_nothing_is_open_any_more() -> None:
    """A span without an end never ended."""
    lines = [line.text for line in waterfall([span("left", 0, None)], running=False)]

    assert lines[-1].endswith("never ended")


def test_a_single_instant_can_be_drawn() -> None:
    """A trace without duration divides by nothing."""
    assert "0 us" in waterfall([span("blink", 0, 0)])[-1].text


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 us"),
        (412_300, "412 us"),
        (999_700, "1 ms"),
        (1_234_000, "1.23 ms"),
        (51_940_000, "51.9 ms"),
        (999_900_000, "1.00 s"),
        (1_250_000_000, "1.25 s"),
        (12_340_000_000, "12.3 s"),
        (125_000_000_000, "2 min 05 s"),
    ],
)
def test_durations_have_three_figures(nanoseconds: int, text: str) -> None:
    """Whatever their size."""
    assert duration_text(nanoseconds) == text


def test_times_are_utc_to_the_millisecond() -> None:
    """And do not round up to a second that had not come."""
    assert time_text(START + 999_999_999) == "2026-11-23 00:00:00.999"
