"""The feed's health follows from the age of what it delivers."""

from __future__ import annotations

import pytest

from plugins.feed.ages import Ages, Connection, Fault, Limits
from plugins.feed.freshness import judged, stale_symbols
from plugins.feed.kinds import DISCONNECTED, EMPTY, STALE

LIMITS = Limits(candle_s=10, mark_s=5)
OPEN, CLOSED = Connection(True, "", 0), Connection(False, "cut", 3)
FRESH, OLD, MARKLESS = Ages(1, 1), Ages(11, 1), Ages(1, 6)


def test_fresh_data_is_healthy() -> None:
    """Every symbol within both limits."""
    assert judged({"A": FRESH, "B": FRESH}, LIMITS, set(), OPEN).status == "healthy"


@pytest.mark.parametrize("stale", [OLD, MARKLESS])
def test_one_stale_symbol_degrades(stale: Ages) -> None:
    """Candles or marks too old: named, with their ages, and healable."""
    said = judged({"A": FRESH, "B": stale}, LIMITS, set(), OPEN)
    assert (said.status, said.findings[0].code, said.findings[0].healable) == ("degraded", STALE.code, True)
    assert said.findings[0].evidence["candle_age_s"] == {"B": stale.candle_s}


@pytest.mark.parametrize("fault", Fault)
def test_only_what_is_the_feeds_own_fault_asks_for_healing(fault: Fault) -> None:
    """C2, C3: a venue that has nothing newer, or says nothing, is not changed by a feed that starts anew."""
    (finding,) = judged({"A": FRESH, "B": OLD}, LIMITS, {"B"}, OPEN, fault=fault).findings
    assert (finding.healable, finding.cause) == (fault is Fault.FEED, fault.value)


def test_a_held_symbol_comes_first_and_weighs_more() -> None:
    """A stale symbol with an open position is critical and stands before the others."""
    ages = {"A": OLD, "B": OLD, "C": FRESH}
    assert stale_symbols(ages, LIMITS, {"B"}) == ["B", "A"]
    assert judged(ages, LIMITS, {"B"}, OPEN).status == "critical"


def test_no_data_at_all_is_critical() -> None:
    """All stale, a closed socket, or nothing to follow."""
    assert judged({"A": OLD}, LIMITS, set(), OPEN).status == "critical"
    closed = judged({"A": FRESH}, LIMITS, set(), CLOSED)
    assert (closed.status, closed.findings[0].code) == ("critical", DISCONNECTED.code)
    assert closed.findings[0].evidence["last_trouble"] == "cut"
    assert judged({}, LIMITS, set(), OPEN).findings[0].code == EMPTY.code
