"""The book's arithmetic: what an entry may add, what a reduction leaves, and how symbols are told apart."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.domain import Side
from plugins.portfolio_balancer.book import Book, volatility
from plugins.portfolio_balancer.entries import entry_advice
from plugins.portfolio_balancer.estimate import NOTHING, Estimate, estimated
from plugins.portfolio_balancer.prices import Returns
from plugins.portfolio_balancer.reducing import excess_of, reductions
from plugins.portfolio_balancer.settings import PortfolioBalancerSettings

LIMITS = PortfolioBalancerSettings().limits
NAMES = ("AUSDT", "BUSDT", "CUSDT", "DUSDT")
EQUITY = 10_000.0


def market(rows: int = 400, together: float = 0.9, seed: int = 1) -> Returns:
    """A and B move together, C and D on their own."""
    random = Random(seed)
    found = []
    for _ in range(rows):
        common = random.gauss(0, 0.002)
        a, b = (together * common + (1 - together) * random.gauss(0, 0.002) for _ in range(2))
        found.append((a, b, random.gauss(0, 0.004), random.gauss(0, 0.001)))
    return Returns(NAMES, tuple(found), 300)


@cache
def known() -> Estimate:
    return estimated(market(), least=60, cap=0.7)


@pytest.fixture
def estimate() -> Estimate:
    return known()


def test_what_moves_together_is_found(estimate: Estimate) -> None:
    """A and B are one cluster, C and D are not in it; the volatility is of a day."""
    assert estimate.between("AUSDT", "BUSDT") > 0.9
    assert abs(estimate.between("AUSDT", "CUSDT")) < 0.2
    assert estimate.together("AUSDT") == {"AUSDT", "BUSDT"}
    assert estimate.together("CUSDT") == {"CUSDT"}
    assert estimate.daily("CUSDT") == pytest.approx(0.004 * math.sqrt(288), rel=0.15)


def test_few_returns_are_shrunk_and_fewer_say_nothing() -> None:
    """Chance correlations of a short history are pulled towards none; below the least there is no estimate."""
    short = Returns(NAMES, market(60, together=0.0).rows, 300)
    raw = np.corrcoef(np.array(short.rows).T)
    found = estimated(short, least=60, cap=0.7)
    apart = ~np.eye(4, dtype=bool)
    assert np.abs(found.correlation[apart]).mean() < np.abs(raw[apart]).mean()
    assert estimated(Returns(NAMES, short.rows[:59], 300), least=60, cap=0.7) is NOTHING


def test_a_symbol_that_stands_still_is_unknown(estimate: Estimate) -> None:
    """No variance gives no correlation: it counts as moving with everything, as much as the wildest."""
    still = Returns(NAMES, tuple((*row[:3], 0.0) for row in market().rows), 300)
    found = estimated(still, least=60, cap=0.7)
    assert found.symbols == NAMES[:3]
    assert found.between("DUSDT", "AUSDT") == 1.0
    assert found.daily("DUSDT") == max(found.daily(name) for name in NAMES[:3])
    assert NOTHING.between("AUSDT", "BUSDT") == 1.0


def test_a_third_of_one_bet_is_vetoed_with_the_number(estimate: Estimate) -> None:
    """Two longs that move together may be; one more is refused with the correlations, a hedge is not."""
    twins = replace(LIMITS, same_bet=1)
    book = Book({"AUSDT": 1000.0}, EQUITY)
    advised = entry_advice(book, "BUSDT", Side.LONG, estimate, twins)
    assert f"{estimate.between('AUSDT', 'BUSDT'):.2f} with AUSDT; cap 0.70" in advised.veto
    assert entry_advice(book, "BUSDT", Side.LONG, estimate, LIMITS).veto == ""
    assert entry_advice(book, "BUSDT", Side.SHORT, estimate, twins).veto == ""
    assert entry_advice(book, "CUSDT", Side.LONG, estimate, twins).veto == ""


def test_the_same_again_gets_half_the_risk(estimate: Estimate) -> None:
    """A twin of what is held is cut to about a half, a stranger hardly, an opposite not at all."""
    book = Book({"AUSDT": 1000.0}, EQUITY)
    twin, stranger, hedge = (
        float(entry_advice(book, name, side, estimate, LIMITS).haircut)
        for name, side in (("BUSDT", Side.LONG), ("CUSDT", Side.LONG), ("BUSDT", Side.SHORT))
    )
    assert twin == pytest.approx(0.5, abs=0.03)
    assert stranger > 0.85
    assert hedge == 1.0


def test_no_history_counts_everything_as_one_bet() -> None:
    """Unknown is not zero: with two longs held and nothing known, a third is refused."""
    book = Book({"AUSDT": 500.0, "BUSDT": 500.0}, EQUITY)
    assert "one bet" in entry_advice(book, "CUSDT", Side.LONG, NOTHING, LIMITS).veto


notionals = st.dictionaries(st.sampled_from(NAMES), st.floats(-20_000, 20_000).filter(lambda x: abs(x) > 1))


@settings(max_examples=60)
@given(notionals, st.sampled_from(NAMES), st.sampled_from(Side))
def test_an_entry_that_fills_its_room_breaks_no_cap(held: dict[str, float], symbol: str, side: Side) -> None:
    """From a book within its caps, an entry as large as its room leaves it within them."""
    estimate = known()
    book = Book(held, EQUITY)
    if max(excess_of(book, estimate, LIMITS).values(), default=0.0) > 1:
        return
    advised = entry_advice(book, symbol, side, estimate, LIMITS)
    assert advised.room is not None
    grown = book.with_(symbol, side.sign * float(advised.room))
    assert max(excess_of(grown, estimate, LIMITS).values()) <= 1.000001
    assert 0 < advised.haircut <= 1


@settings(max_examples=60)
@given(notionals)
def test_reductions_bring_the_book_back_under_every_cap(held: dict[str, float]) -> None:
    """What is left after them is within each cap; a book that is not far over is left alone; nothing is turned over."""
    estimate = known()
    book = Book(held, EQUITY)
    cuts = reductions(book, estimate, LIMITS, 1.1)
    over = max(excess_of(book, estimate, LIMITS).values(), default=0.0)
    assert bool(cuts) == (over > 1.1)
    for cut in cuts:
        assert 0 < cut.share <= 1
        assert cut.reason
        book = book.cut(cut.symbol, float(cut.share))
    if cuts:
        assert max(excess_of(book, estimate, LIMITS).values()) <= 1.001


def test_a_hedged_book_moves_less(estimate: Estimate) -> None:
    """Long A and short its twin moves less than long A alone."""
    alone, hedged = Book({"AUSDT": 5000.0}, EQUITY), Book({"AUSDT": 5000.0, "BUSDT": -5000.0}, EQUITY)
    assert volatility(hedged, estimate) < volatility(alone, estimate) / 2
