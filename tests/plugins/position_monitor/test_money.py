"""Profit and loss as the venue booked it, by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from plugins.position_monitor.money import Money, Parts


def fill(sequence: int, pnl: str, fee: str, position_id: str = "p1", symbol: str = "X") -> dict[str, Any]:
    return {
        "sequence": sequence,
        "position_id": position_id,
        "fill": {"symbol": symbol, "realised_pnl": pnl, "fee": fee},
    }


def income(sequence: int, kind: str, amount: str, symbol: str = "X") -> dict[str, Any]:
    return {"sequence": sequence, "kind": kind, "amount": amount, "symbol": symbol}


def test_price_fees_and_funding_are_kept_apart() -> None:
    """A round trip of +10 with fees of 0.4 twice and funding of 0.3 paid brings 8.9."""
    money = Money()
    money.add_fills([fill(1, "0", "0.4"), fill(2, "10", "0.4")])
    money.add_income([income(1, "FUNDING_FEE", "-0.3")])
    assert money.parts["p1"] == Parts(Decimal(10), Decimal("-0.8"), Decimal("-0.3"))
    assert money.parts["p1"].net == money.total == Decimal("8.9")


def test_a_page_read_twice_counts_once() -> None:
    """Sequences tell what has been counted."""
    money = Money()
    for _ in range(2):
        money.add_fills([fill(1, "0", "0.4")])
        money.add_income([income(1, "TRANSFER", "10000", "")])
    assert money.total == Decimal("9999.6")


def test_the_wallet_is_what_was_booked() -> None:
    """Two looks that agree say where it began; after that every cent must have been booked."""
    money = Money()
    money.add_fills([fill(1, "0", "0.4")])
    assert money.drift(Decimal("999.6")) is None
    assert money.drift(Decimal("999.6")) == 0
    money.add_fills([fill(2, "5", "0.4")])
    assert money.drift(Decimal("1004.2")) == 0
    assert money.drift(Decimal("1004.0")) == Decimal("-0.2")


def test_a_look_between_a_fill_and_its_booking_is_no_beginning() -> None:
    """The wallet has paid a fee that is not booked yet: what it held before is not taken from that moment."""
    money = Money()
    money.add_fills([fill(1, "0", "0.4")])
    assert money.drift(Decimal("999.2")) is None
    money.add_fills([fill(2, "0", "0.4")])
    assert money.drift(Decimal("999.2")) is None
    assert money.drift(Decimal("999.2")) == 0
    assert money.base == Decimal(1000)


def test_closed_positions_are_forgotten_but_not_their_sum() -> None:
    """Memory does not grow with every trade."""
    money = Money()
    money.add_fills([fill(1, "1", "0", "p1"), fill(2, "1", "0", "p2"), fill(3, "1", "0", "q", "Y")])
    money.forget_closed(["q"])
    assert set(money.parts) == {"p2", "q"}
    assert money.total == 3
