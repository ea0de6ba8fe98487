"""Figures and times as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtcore.cli.figures import number_text, readable
from qtcore.cli.values import shown
from qtcore.wording import counted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("61234.1000", "61234.1"),
        ("-3.12345678901", "-3.12346"),
        ("0.00012345678", "0.000123457"),
        ("0.0000", "0"),
        ("-0.0", "0"),
        ("1E-8", "0.00000001"),
        ("100.00049", "100"),
        ("2025-02-03T08:15:04.123456Z", "2025-02-03 08:15:04"),
        ("2025-02-03T08:15:04+01:00", "2025-02-03 07:15:04"),
        ("BTCUSDT", "BTCUSDT"),
        ("007", "007"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_only_numbers_and_moments_are_shortened(text: str, said: str) -> None:
    """What is neither stays as it is; a fraction keeps the figures that matter."""
    assert readable(text) == said


@given(st.decimals("-1000000", "1000000", allow_nan=False, allow_infinity=False, places=12))
def test_shortening_loses_little(value: Decimal) -> None:
    """What is shown is within half a thousandth, or within six figures where it is small; and it is plain notation."""
    text = number_text(value)
    assert "e" not in text.lower()
    allowed = Decimal("0.0005") if abs(value) >= 100 else abs(value) / 10**5
    assert abs(Decimal(text) - value) <= allowed


def test_tables_are_readable() -> None:
    """Rows of an action's result show shortened figures."""
    table = shown([{"symbol": "BTCUSDT", "pnl": "-3.1200000000", "at": "2025-02-03T08:15:04Z", "n": 1}])
    assert table.splitlines()[1].split("  ") == ["BTCUSDT", "-3.12", "2025-02-03 08:15:04", "1"]


def test_a_row_too_wide_for_the_terminal_goes_on_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is hidden or broken: each line of a row stands under its own line of headings."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("qtcore.cli.output.terminal_width", lambda: 30)
    rows = [
        {"symbol": name, "entry_price": "64000.25", "quantity": "0.5", "stop": "live"} for name in ("BTC", "ETHUSDT")
    ]
    assert shown(rows).splitlines() == [
        "SYMBOL   ENTRY PRICE  QUANTITY",
        "    STOP",
        "BTC      64000.25     0.5",
        "    live",
        "ETHUSDT  64000.25     0.5",
        "    live",
    ]


def test_one_is_not_many() -> None:
    """A summary reads as a person would say it."""
    said = [counted(n, "position") for n in (0, 1, 2, 1200)]
    assert said == ["0 positions", "1 position", "2 positions", "1,200 positions"]
    assert counted(2, "entry", "entries") == "2 entries"
