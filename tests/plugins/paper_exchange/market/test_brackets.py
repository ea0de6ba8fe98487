"""Bracket tables that a recording carries, and what is wrong with some."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from plugins.paper_exchange.market.bracket_file import read_brackets
from plugins.paper_exchange.market.brackets import bracket_at
from plugins.paper_exchange.market.recording import open_recording
from plugins.paper_exchange.market.source import MarketDataError


def row(number: int, floor: int, cap: int, leverage: int, rate: float, cum: float) -> dict:
    return {
        "bracket": number,
        "initialLeverage": leverage,
        "notionalFloor": floor,
        "notionalCap": cap,
        "maintMarginRatio": rate,
        "cum": cum,
    }


GOOD = [row(1, 0, 10_000, 75, 0.005, 0.0), row(2, 10_000, 50_000, 50, 0.01, 50.0)]


def write(folder, brackets, name="leverage_brackets_2026-09.json") -> None:
    (folder / "meta").mkdir(exist_ok=True)
    (folder / "meta" / name).write_text(json.dumps([{"symbol": "ADAUSDT", "brackets": brackets}]))


def test_the_newest_table_is_read_to_the_last_digit(tmp_path):
    """Rates are decimals, not the floats next to them."""
    assert read_brackets(tmp_path) == {}
    write(tmp_path, [row(1, 0, 1, 1, 0.5, 0)], "leverage_brackets_2025-01.json")
    write(tmp_path, GOOD)
    first, second = read_brackets(tmp_path)["ADAUSDT"]
    assert (first.rate, second.amount, second.leverage) == (Decimal("0.005"), 50, 50)
    assert bracket_at((first, second), Decimal(10_000)) is first
    assert bracket_at((first, second), Decimal(10_001)) is second
    assert bracket_at((first, second), Decimal(10**9)) is second


@pytest.mark.parametrize(
    "bad",
    [
        [],
        [row(1, 5, 10, 75, 0.005, 0)],
        [GOOD[0], row(2, 20_000, 50_000, 50, 0.01, 0)],
        [GOOD[0], row(2, 10_000, 50_000, 75, 0.01, 0)],
        [GOOD[0], row(2, 10_000, 50_000, 50, 0.001, 0)],
        [{"bracket": 1}],
    ],
)
def test_a_table_that_cannot_be_true_is_refused(tmp_path, bad):
    """Gaps, leverages that do not fall and rates that do are named with the file."""
    write(tmp_path, bad)
    with pytest.raises(MarketDataError, match=r"leverage_brackets_2026-09\.json"):
        read_brackets(tmp_path)


def test_the_recorded_tables_are_played(paths):
    """The demo recording carries the venue's own brackets, which agree with the formula for their amounts."""
    market = open_recording(paths.shared("data", "demo"), ["BTCUSDT", "LAYERUSDT"])
    layer = market.rules["LAYERUSDT"]
    assert (layer.max_leverage, layer.maintenance_margin_rate) == (layer.brackets[0].leverage, layer.brackets[0].rate)
    for rules in market.rules.values():
        amount, before = Decimal(0), Decimal(0)
        for one in rules.brackets:
            amount += one.floor * (one.rate - before)
            assert one.amount == amount
            before = one.rate
