"""Fills folded into round trips."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.domain import Fill, Side
from plugins.domain.rounds import fold

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def fill(number: int, side: Side, quantity: str | int, price: str = "100", fee: str = "0.05", pnl: str = "0") -> Fill:
    return Fill(
        symbol="BTCUSDT",
        venue_trade_id=str(number),
        venue_order_id=str(number),
        client_order_id=f"qt-p-e-{number}",
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal(fee),
        fee_asset="USDT",
        realised_pnl=Decimal(pnl),
        maker=False,
        at=NOW,
        market_at=NOW,
    )


def test_a_round_trip_from_flat_to_flat() -> None:
    """Entries average, exits close, and the name comes from the first fill."""
    (trip,) = fold(
        [
            fill(7, Side.LONG, 1, "100"),
            fill(8, Side.LONG, 3, "104"),
            fill(9, Side.SHORT, 4, "110", pnl="28"),
        ]
    )
    assert trip.id == "BTCUSDT-7"
    assert not trip.open
    assert (trip.entry_price, trip.exit_price) == (Decimal(103), Decimal(110))
    assert (trip.gross_pnl, trip.fees, trip.fills) == (Decimal(28), Decimal("0.15"), 3)


def test_turning_over_makes_two() -> None:
    """A fill beyond flat closes one round trip and opens the next, its fee divided."""
    first, second = fold([fill(1, Side.LONG, 1), fill(2, Side.SHORT, 4, fee="0.20", pnl="5")])
    assert (first.open, first.fees, first.gross_pnl) == (False, Decimal("0.10"), Decimal(5))
    assert (second.id, second.side, second.quantity) == ("BTCUSDT-2", Side.SHORT, Decimal(3))
    assert second.fees == Decimal("0.15")


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 9), st.integers(-50, 50)), min_size=1, max_size=20))
def test_nothing_is_lost(moves: list[tuple[Side, int, int]]) -> None:
    """Net quantity, fees and profit of the round trips are those of the fills, and only the last is open."""
    fills = [fill(n, side, q, fee=f"{q}.1", pnl=str(pnl)) for n, (side, q, pnl) in enumerate(moves)]
    rounds = fold(fills)
    net = sum(f.side.sign * f.quantity for f in fills)
    assert sum(trip.side.sign * trip.quantity for trip in rounds) == net
    assert sum((trip.fees for trip in rounds), Decimal(0)).quantize(Decimal("1e-12")) == sum(f.fee for f in fills)
    assert sum(trip.gross_pnl for trip in rounds) == sum(f.realised_pnl for f in fills)
    assert not any(trip.open for trip in rounds[:-1])
    assert len({trip.id for trip in rounds}) == len(rounds)
