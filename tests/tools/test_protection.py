"""The outside check of protection finds gaps, loosened stops and stale entries in the venue's records."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
protection: Any = pytest.importorskip("plugins.drills.protection")


def trade(number: int, at: int, side: str, quantity: str) -> dict[str, Any]:
    return {"id": number, "time": at, "side": side, "qty": quantity, "orderId": number}


def stop(since: int, until: int | None, trigger: str, quantity: str = "") -> dict[str, Any]:
    status = "NEW" if until is None else "CANCELED"
    row = {"orderType": "STOP_MARKET", "algoStatus": status, "side": "SELL", "triggerPrice": trigger}
    row |= {"createTime": since, "updateTime": until or since, "triggerTime": 0}
    return row | {"closePosition": not quantity, "quantity": quantity or "0"}


ROUND = [trade(1, 1_000, "BUY", "2"), trade(2, 9_000, "SELL", "2")]


def naked(stops: list[dict[str, Any]]) -> int:
    stretches = protection.stretches_of("X", ROUND, 20_000)
    (longest,) = protection.naked_ms(stretches, protection.guards_of(stops)).values()
    return int(longest)


@pytest.mark.parametrize(
    ("stops", "gap_ms"),
    [
        ([stop(900, 9_000, "90")], 0),
        ([stop(900, 4_000, "90"), stop(3_900, None, "91")], 0),
        ([stop(900, 4_000, "90"), stop(4_250, None, "91")], 250),
        ([stop(1_500, 9_000, "90")], 500),
        ([stop(900, 9_000, "90", quantity="1")], 8_000),
        ([], 8_000),
    ],
)
def test_the_longest_gap_of_a_round_trip_is_found(stops: list[dict[str, Any]], gap_ms: int) -> None:
    """Overlapping stops leave none; late, small or missing ones do."""
    assert naked(stops) == gap_ms


def test_a_triggered_stop_covers_no_longer() -> None:
    """From its trigger on a stop is no cover, however late it is told as over."""
    fired = stop(900, 9_000, "90") | {"algoStatus": "FINISHED", "triggerTime": 8_800}
    assert naked([fired]) == 200


def test_a_loosened_stop_is_named() -> None:
    """A stop that takes the place of a nearer one is found, one that comes nearer is not."""
    stretches = protection.stretches_of("X", ROUND, 20_000)
    tightened = protection.guards_of([stop(900, 4_000, "90"), stop(3_900, 9_000, "91")])
    loosened = protection.guards_of([stop(900, 4_000, "90"), stop(3_900, 9_000, "89")])
    assert protection.loosened(stretches, tightened) == []
    assert protection.loosened(stretches, loosened) == ["X: 90 to 89"]


def test_a_position_that_turns_over_is_two_round_trips() -> None:
    """Each has its own gaps."""
    trades = [trade(1, 1_000, "BUY", "1"), trade(2, 2_000, "SELL", "3"), trade(3, 3_000, "BUY", "2")]
    stretches = protection.stretches_of("X", trades, 9_000)
    assert [(one.opened, one.amount) for one in stretches] == [(1_000, Decimal(1)), (2_000, Decimal(-2))]


def test_the_age_of_an_entrys_candle_is_told() -> None:
    """From the close that a signal was made from to the execution of its entry."""
    signal = {"id": "s", "outcome_code": "filled", "intent_id": "A", "market_at": "1970-01-01 00:01:00.000000"}
    assert protection.ages_of([signal], {"A": 62_500}) == [("s", 2.5)]
    assert protection.quantile([0.1, 0.2, 5.0], 0.99) == 5.0
