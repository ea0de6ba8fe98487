"""What can be wrong with a running venue, judged by its effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from plugins.paper_exchange.venue import Venue
from qtcore import Finding, Severity

STALL_S = 3.0
"""A market whose next moment is overdue by this much stands still."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def judged(venue: Venue, faults: Sequence[str] = ()) -> tuple[Finding, ...]:
    """What is wrong with the venue, and which faults it was told to have (as `BaseFault.shown` gives them)."""
    return (*_wrong(venue), *([_faults_active(faults)] if faults else ()))


def _wrong(venue: Venue) -> tuple[Finding, ...]:
    """The one thing that is wrong, if any: a dead ledger explains a market that stands still."""
    if venue.trouble is not None:
        return (_ledger_down(venue.trouble),)
    if venue.ended:
        return (_market_ended(venue),)
    if (late_s := venue.overdue_s()) > STALL_S:
        return (_stalled(late_s),)
    return ()


def market_time(market_ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=market_ms)


def _faults_active(faults: Sequence[str]) -> Finding:
    """One finding for all: findings are told apart by their codes."""
    named = f"the fault {faults[0]} is active" if len(faults) == 1 else f"faults are active: {'; '.join(faults)}"
    return Finding(
        code="QT-VENUE-FAULT",
        severity=Severity.MEDIUM,
        summary=named,
        consequence="the venue misbehaves on purpose: what follows from it elsewhere is a rehearsal",
        fix="wait until it is over, or end it with `qt call paper_exchange.clear_faults`",
        verify="`qt call paper_exchange.faults` lists none",
    )


def _ledger_down(trouble: str) -> Finding:
    return Finding(
        code="QT-VENUE-LEDGER",
        severity=Severity.CRITICAL,
        summary=trouble,
        consequence="every order is refused and the market stands still: nothing is said that is not kept",
        fix="free disk space, or make the home folder writable",
        verify="the next moment of the market is written by itself within a second",
    )


def _market_ended(venue: Venue) -> Finding:
    return Finding(
        code="QT-VENUE-MARKET-ENDED",
        severity=Severity.MEDIUM,
        summary=f"the market ended at {market_time(venue.now_ms()).isoformat()}: {venue.source.description}",
        consequence="prices stand still; orders are still taken at the last price",
        fix="start with a longer recording or a simulated market, and another home folder",
    )


def _stalled(late_s: float) -> Finding:
    return Finding(
        code="QT-VENUE-STALLED",
        severity=Severity.CRITICAL,
        summary=f"the market stands still: its next moment is overdue by {late_s:.1f} s",
        consequence="no price moves, no stop fires, no order is filled",
        fix="restart the plugin; if it comes back, lower the speed",
    )
