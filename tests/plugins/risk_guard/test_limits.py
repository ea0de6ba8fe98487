"""Limits on the venue's word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import Account, Fill, Position, Posture, Side
from plugins.risk_guard.limits import Baselines, View, Wish, breaches, refusal, strictest, updated
from plugins.risk_guard.rehearsal import rehearsed, silent_rules
from plugins.risk_guard.settings import RiskGuardSettings
from plugins.risk_guard.trips import Closed, Trips

LIMITS = RiskGuardSettings().limits
THEN = datetime(2025, 5, 4, 12, tzinfo=UTC)
MONEY = Decimal(10_000)


def account(equity: Decimal = MONEY) -> Account:
    return Account(equity, equity, equity, Decimal(0), 0, 0, THEN, THEN)


def view(equity: Decimal = MONEY, **changes: Any) -> View:
    return replace(View(account(equity), 0.0, (), Baselines("2025-05-04", MONEY, MONEY), market_now=THEN), **changes)


def wish(notional: Decimal | int, side: Side = Side.LONG, symbol: str = "XUSDT") -> Wish:
    return Wish(symbol, side, Decimal(notional))


def position(worth: Decimal, side: Side = Side.LONG, symbol: str = "BTCUSDT") -> Position:
    return Position(symbol, symbol, side, Decimal(1), worth, worth, Decimal(0), 5, THEN, THEN)


def broken(seen: View) -> set[str]:
    return {breach.limit for breach in breaches(LIMITS, seen)}


def test_a_sound_account_breaks_nothing() -> None:
    """Without a breach the claim is normal."""
    assert strictest(breaches(LIMITS, view())) == (Posture.NORMAL, "within all limits")


@pytest.mark.parametrize("known", [view(account=None), view(age_s=11.0), view(unproven="lost"), view(unmatched_s=11.0)])
def test_g1_unknown_is_not_zero(known: View) -> None:
    """An account, a loss or a position that is not known stops entries, whatever was said before."""
    assert strictest(breaches(LIMITS, known))[0] is not Posture.NORMAL
    assert refusal(LIMITS, known, wish(1)) is not None


def test_the_day_is_over_at_its_limit() -> None:
    """Five percent lost since the day began: nothing is opened any more, and the boundary of the day is said."""
    (breach,) = breaches(LIMITS, view(Decimal(9_500)))
    assert (breach.limit, breach.level) == ("daily_loss", Posture.REDUCE_ONLY)
    assert "5.00%" in breach.sentence
    assert "00:00 UTC of market time" in breach.sentence


def test_what_was_approved_a_moment_ago_counts_like_what_is_open() -> None:
    """A burst of entries cannot pass the limits together because none of their positions is told yet."""
    long, short = LIMITS.net_exposure * MONEY, (LIMITS.gross_exposure - LIMITS.net_exposure) * MONEY
    promised = {"BTCUSDT": long, "ETHUSDT": -short + Decimal(1_000)}
    assert refusal(LIMITS, view(promised=promised), wish(1_000, Side.SHORT)) is None
    assert "exposure" in (refusal(LIMITS, view(promised=promised), wish(1_001, Side.SHORT)) or "")
    crowd = {f"COIN{n}USDT": Decimal(1) for n in range(LIMITS.positions)}
    assert "about to be" in (refusal(LIMITS, view(promised=crowd), wish(1)) or "")


def test_f23_a_one_sided_book_takes_only_the_other_side() -> None:
    """Near the net limit a further short is refused, a long is not."""
    shorts = tuple(position(Decimal(7_000), Side.SHORT, f"S{n}") for n in range(2))
    seen = view(positions=shorts)
    assert "net exposure" in (refusal(LIMITS, seen, wish(1_001, Side.SHORT)) or "")
    assert refusal(LIMITS, seen, wish(1_001, Side.LONG)) is None


def test_a_position_that_has_grown_is_seen() -> None:
    """One position above its limit stops entries, however it got there."""
    assert broken(view(positions=(position(Decimal(7_501)),))) == {"position_notional"}


def test_losses_in_a_row_pause_entries() -> None:
    """Five lost round trips: entries pause for an hour of market time; a win ends the row."""
    lost = tuple(Closed("XUSDT", THEN, Decimal(-1)) for _ in range(5))
    assert broken(view(trips=Trips(closed=lost))) == {"loss_streak"}
    later = THEN + timedelta(hours=1)
    assert not broken(view(trips=Trips(closed=lost), market_now=later))
    assert not broken(view(trips=Trips(closed=(*lost, Closed("XUSDT", THEN, Decimal(1))))))


def test_h14_a_symbol_that_churns_is_left_alone() -> None:
    """Six round trips within a day in one symbol: no seventh there; others go on."""
    closed = tuple(Closed("XUSDT", THEN - timedelta(hours=n), Decimal(1)) for n in range(6))
    seen = view(trips=Trips(closed=closed))
    assert "churns" in (refusal(LIMITS, seen, wish(100)) or "")
    assert refusal(LIMITS, seen, wish(100, symbol="YUSDT")) is None
    assert refusal(LIMITS, replace(seen, market_now=THEN + timedelta(hours=20)), wish(100)) is None


def test_f17_orders_run_wild() -> None:
    """More orders filled in a minute than anybody wants stops everything; too many approvals refuse the next."""
    assert broken(view(orders=LIMITS.orders_per_minute)) == {"order_rate"}
    assert "within a minute" in (refusal(LIMITS, view(entries=LIMITS.entries_per_minute), wish(1)) or "")


def test_the_rules_bark_in_rehearsal() -> None:
    """Each limit trips on a made-up breach, lets no entry through, latches where it must, and none trips without."""
    assert silent_rules(LIMITS) == ()
    assert rehearsed() >= 12
    deaf = replace(LIMITS, notional_per_position=Decimal(10) ** 9, gross_exposure=Decimal("0.0001"))
    assert "net_exposure" not in silent_rules(deaf)


@given(st.lists(st.decimals(1, 100_000, places=2), min_size=1))
def test_the_peak_only_rises_and_the_day_keeps_its_first_equity(equities: list[Decimal]) -> None:
    """Losses are measured from the highest point and from the day's first reading."""
    baselines = None
    for equity in equities:
        baselines = updated(baselines, account(equity), "2025-05-04")
    assert baselines == Baselines("2025-05-04", equities[0], max(equities))
    assert updated(baselines, account(Decimal(7)), "2025-05-05").day_equity == Decimal(7)


@given(
    st.decimals(0, 30_000, places=2),
    st.decimals(1, 20_000, places=2),
    st.sampled_from(Side),
    st.lists(st.tuples(st.decimals(1, 7_500, places=2), st.sampled_from(Side)), max_size=4),
)
def test_an_approved_entry_is_within_every_limit(
    notional: Decimal, equity: Decimal, side: Side, held: list[tuple[Decimal, Side]]
) -> None:
    """What is approved breaks neither the limit of a trade nor those of the whole."""
    positions = tuple(position(worth, of, f"S{n}") for n, (worth, of) in enumerate(held))
    seen = view(equity, baselines=Baselines("2025-05-04", equity, equity), positions=positions)
    if refusal(LIMITS, seen, Wish("XUSDT", side, notional)) is None:
        grown = [*positions, position(notional, side, "XUSDT")]
        assert notional <= LIMITS.notional_per_trade
        assert len(grown) <= LIMITS.positions
        assert sum(each.mark_price for each in grown) <= LIMITS.gross_exposure * equity
        net = sum(each.side.sign * each.mark_price for each in grown)
        assert net * side.sign <= LIMITS.net_exposure * equity


fills = st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 5), st.integers(-50, 50)), max_size=30)


@given(fills)
def test_round_trips_add_up_to_what_the_venue_booked(made: list[tuple[Side, int, int]]) -> None:
    """Whatever the fills: the results of closed and open round trips are the venue's results less fees, once each."""
    trips = Trips(ledger="L")
    for number, (side, quantity, result) in enumerate(made, start=1):
        fill = Fill(
            "XUSDT", str(number), "o", f"c{number}", side, Decimal(quantity), Decimal(100), Decimal("0.1"), "USDT",
            Decimal(result), False, THEN, THEN,
        )  # fmt: skip
        trips = trips.with_fills([(number, fill)])
    going = sum((trip.gross_pnl - trip.fees for trip in trips.open.values()), Decimal(0))
    booked = sum((Decimal(result) - Decimal("0.1") for _, _, result in made), Decimal(0))
    assert abs(sum((trip.result for trip in trips.closed), going) - booked) < Decimal("1e-20")
    assert trips.cursor == len(made)
