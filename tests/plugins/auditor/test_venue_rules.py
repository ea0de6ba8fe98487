"""Rules about what the venue holds: stops, quantities, limits, prices, owners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plugins.auditor.rules.duplicates import CLOSES_REDUCE, ONE_ENTRY, ONE_OWNER
from plugins.auditor.rules.leading import LED, PREDICTIONS
from plugins.auditor.rules.ledger import BOOKED, CHAIN, TOLD
from plugins.auditor.rules.limits import LIMITS, SLOTS
from plugins.auditor.rules.prices import PRICES
from plugins.auditor.rules.protection import PROTECTION
from plugins.auditor.view import Ended, Held, Led, LedgerTruth, Scene
from plugins.domain import OutcomeCode, Purpose, Side
from tests.plugins.auditor.conftest import (
    HELD,
    MARK,
    OPENED,
    QUANTITY,
    SOUND,
    WALL,
    Looks,
    fill,
    guard,
    moment,
    order,
    position,
)

AMOUNTS = st.decimals(min_value="0.001", max_value="1000", places=3)


def at_venue(*, guards: tuple[Any, ...] | None = None, positions: Mapping[str, Held] | None = None) -> Scene:
    """The sound scene with another truth at the venue."""
    assert SOUND.venue is not None
    changes: dict[str, Any] = {} if guards is None else {"guards": guards}
    changes |= {} if positions is None else {"positions": positions}
    return replace(SOUND, venue=replace(SOUND.venue, **changes))


def ledger(*fills: Any, orders: tuple[Any, ...] = (), after: Decimal = QUANTITY) -> LedgerTruth:
    return LedgerTruth(orders, fills, {"ETHUSDT": (after, OPENED)}, len(fills))


def test_f7_no_stop() -> None:
    """Neither a missing stop nor one of another symbol nor a take-profit protects."""
    looks = Looks(PROTECTION)
    for guards in ((), (guard(symbol="BTCUSDT"),), (guard(kind="TAKE_PROFIT_MARKET"),)):
        assert looks.said(at_venue(guards=guards)) == ["the venue has no stop for the long of 2 ETHUSDT"]


def test_f13_stop_on_the_wrong_side() -> None:
    """A buy stop of a long, and a sell stop above the price that was not triggered."""
    looks = Looks(PROTECTION)
    for wrong in (guard(side=Side.LONG, trigger=Decimal(102)), guard(trigger=Decimal(103))):
        (said,) = looks.said(at_venue(guards=(wrong,)))
        assert "wrong side" in said


def test_a_stop_that_the_price_has_just_reached_is_not_on_the_wrong_side() -> None:
    """It is about to trigger, or has."""
    looks = Looks(PROTECTION)
    assert looks.said(at_venue(guards=(guard(trigger=Decimal("100.1")),))) == []
    assert looks.said(at_venue(guards=(guard(trigger=Decimal(103), status="TRIGGERING"),))) == []


def test_f19_stop_too_far_and_stop_too_small() -> None:
    """A unit wrong by a thousand, and a quantity that does not cover what is held."""
    looks = Looks(PROTECTION)
    assert "80% away" in looks.said(at_venue(guards=(guard(trigger=Decimal(20)),)))[0]
    assert looks.said(at_venue(guards=(guard(quantity=Decimal(1)),))) == ["stops cover 1 of 2 ETHUSDT"]


@given(side=st.sampled_from(Side), mark=AMOUNTS, share=st.decimals("0.001", "0.19", places=3))
def test_any_stop_on_the_losing_side_within_the_limit_protects(side: Side, mark: Decimal, share: Decimal) -> None:
    """For both sides, at every price."""
    held = Held("ETHUSDT", side, QUANTITY, mark, mark)
    stop = guard(side=side.opposite, trigger=mark * (1 - side.sign * share))
    assert Looks(PROTECTION).said(at_venue(guards=(stop,), positions={"ETHUSDT": held})) == []


@given(side=st.sampled_from(Side), mark=AMOUNTS, share=st.decimals("0.01", "0.5", places=3))
def test_any_stop_on_the_winning_side_is_seen(side: Side, mark: Decimal, share: Decimal) -> None:
    """Mirrored at the price, the same stop is on the wrong side."""
    held = Held("ETHUSDT", side, QUANTITY, mark, mark)
    stop = guard(side=side.opposite, trigger=mark * (1 + side.sign * share))
    assert len(Looks(PROTECTION).said(at_venue(guards=(stop,), positions={"ETHUSDT": held}))) == 1


@given(ours=AMOUNTS, theirs=AMOUNTS, our_side=st.sampled_from(Side), their_side=st.sampled_from(Side))
def test_g2_g8_quantity_and_sign(ours: Decimal, theirs: Decimal, our_side: Side, their_side: Side) -> None:
    """Any difference in quantity or sign is seen, and nothing else."""
    scene = replace(
        at_venue(positions={"ETHUSDT": Held("ETHUSDT", their_side, theirs, MARK, MARK)}),
        ledger=ledger(after=our_side.sign * ours),
    )
    differs = our_side is not their_side or ours != theirs
    assert len(Looks(BOOKED).said(scene)) == (1 if differs else 0)


def test_g1_an_empty_answer_of_the_venue() -> None:
    """The fills say that something is open; nothing is done about it but to wait and to ask again."""
    assert Looks(BOOKED).said(at_venue(positions={})) == [
        "ETHUSDT is +2 by its fills in exchange.db, and +0 at the venue"
    ]


def test_a_fill_younger_than_the_look_at_the_venue_does_not_count() -> None:
    """The two were not asked at the same instant."""
    assert SOUND.venue is not None
    young = LedgerTruth((), (), {"ETHUSDT": (Decimal(5), SOUND.venue.asked_at)}, 1)
    assert Looks(BOOKED).said(replace(SOUND, ledger=young)) == []


def test_g8_a_fill_that_does_not_meet_what_the_one_before_it_left() -> None:
    """The sign of a row was lost."""
    second = fill(2, side=Side.SHORT, after=Decimal(0))
    assert Looks(CHAIN).said(replace(SOUND, ledger=ledger(fill(), second))) == []
    spoiled = replace(fill(), after=-QUANTITY)
    (said,) = Looks(CHAIN).said(replace(SOUND, ledger=ledger(spoiled, second)))
    assert said == "fill 2 of ETHUSDT met a position of +2, but the fill before it left -2"


def test_g3_what_is_told_but_not_held() -> None:
    """A position that was told and never taken back, and one of another size."""
    told = {"ETHUSDT": position(quantity=Decimal(3)), "SOLUSDT": position(symbol="SOLUSDT")}
    assert len(Looks(TOLD).said(replace(SOUND, positions=told))) == 2


def test_h7_more_positions_than_allowed() -> None:
    """Counted at the venue, whoever opened them."""
    many = {f"S{number}": replace(HELD, symbol=f"S{number}") for number in range(5)}
    assert Looks(LIMITS).said(at_venue(positions=many)) == ["the venue holds 5 positions, and 4 are allowed"]


def test_h15_slots_taken_by_nothing() -> None:
    """A refusal for want of a slot while there are free ones; not when they really are taken."""
    refused = Ended("s", "XRPUSDT", OutcomeCode.SLOTS_FULL, "4 of 4 positions are open", None, 999.0)
    assert len(Looks(SLOTS).said(replace(SOUND, outcomes=(refused,)))) == 1
    full = {f"S{number}": replace(HELD, symbol=f"S{number}") for number in range(4)}
    assert Looks(SLOTS).said(replace(at_venue(positions=full), outcomes=(refused,))) == []


def test_a9_c3_prices_apart() -> None:
    """Two per cent are too much, half a per cent is the time between two answers."""
    assert len(Looks(PRICES).said(replace(SOUND, venue_prices={"ETHUSDT": (Decimal(98), WALL)}))) == 1
    assert Looks(PRICES).said(replace(SOUND, venue_prices={"ETHUSDT": (Decimal("99.5"), WALL)})) == []


def test_prices_of_different_times_are_compared_only_when_one_stands_still() -> None:
    """At twenty times real time a second is a third of a minute, and prices move."""
    for late_s, suspicions in ((40, 0), (300, 1)):
        told = (Decimal(98), WALL + timedelta(seconds=late_s))
        assert len(Looks(PRICES).said(replace(SOUND, venue_prices={"ETHUSDT": told}))) == suspicions


def test_f17_a_close_that_turns_the_position_over() -> None:
    """Whoever sent it; an entry is none, and neither is what the venue closes by itself."""
    turned = fill(2, client_id="somebody", side=Side.SHORT, quantity=Decimal(5), after=Decimal(-3))
    looks = Looks(CLOSES_REDUCE)
    assert len(looks.said(replace(SOUND, ledger=ledger(fill(), turned)))) == 1
    own = replace(turned, client_id="qt-p-e-2")
    entered = ledger(fill(), own, orders=(order(), order("qt-p-e-2")))
    assert looks.said(replace(SOUND, ledger=entered)) == []
    assert looks.said(replace(SOUND, ledger=ledger(replace(turned, client_id="autoclose-1")))) == []


def test_f17_a_close_that_makes_the_position_larger() -> None:
    """A stop without reduce-only adds to what it should end."""
    grown = fill(2, client_id="qt-p-s-1", after=2 * QUANTITY)
    orders = (order(), order("qt-p-s-1", purpose=Purpose.STOP, signal_id=None))
    assert len(Looks(CLOSES_REDUCE).said(replace(SOUND, ledger=ledger(fill(), grown, orders=orders)))) == 1


def test_g9_two_signals_entered_in_one_position() -> None:
    """Two attempts of one signal are one entry."""
    again = fill(2, client_id="qt-p-e-2", after=2 * QUANTITY)
    same = (order(), order("qt-p-e-2"))
    assert Looks(ONE_ENTRY).said(replace(SOUND, ledger=ledger(fill(), again, orders=same))) == []
    other = (order(), order("qt-p-e-2", signal_id="signal-2"))
    assert len(Looks(ONE_ENTRY).said(replace(SOUND, ledger=ledger(fill(), again, orders=other)))) == 1


def test_f22_two_owners_of_a_stop() -> None:
    """A stranger's stop that closes the position stands beside ours; two of ours are a replacement under way."""
    looks = Looks(ONE_OWNER)
    assert len(looks.said(at_venue(guards=(guard(), guard(client_id="web_1"))))) == 1
    assert looks.said(at_venue(guards=(guard(), guard(client_id="qt-p-s-2")))) == []


def test_d9_a_position_that_nobody_leads() -> None:
    """Unknown to the monitor, or not considered for a while."""
    looks = Looks(LED)
    assert len(looks.said(replace(SOUND, led={}))) == 1
    assert len(looks.said(replace(SOUND, led={"ETHUSDT": Led("ETHUSDT", 9.0)}))) == 1


def test_c5_candles_that_nobody_judges() -> None:
    """All symbols are behind; one alone may have no history."""
    looks = Looks(PREDICTIONS)
    late = WALL - timedelta(minutes=6)
    assert len(looks.said(replace(SOUND, judged={"ETHUSDT": late}))) == 1
    two = {"ETHUSDT": late, "BTCUSDT": WALL}
    assert looks.said(replace(SOUND, judged=two, feed_closes={"ETHUSDT": WALL, "BTCUSDT": WALL})) == []


def test_a_truth_that_is_not_known_is_no_suspicion() -> None:
    """The exchange does not answer: every rule about the venue says that it cannot look."""
    blind = replace(SOUND, venue=None, unseen={"venue": "the exchange does not answer"})
    for rule in (PROTECTION, BOOKED, TOLD, LIMITS, LED):
        seen = rule.check(blind, moment())
        assert seen.suspicions == ()
        assert "does not answer" in seen.unseen
