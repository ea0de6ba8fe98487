"""What can be wrong with a running venue, judged by its effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from plugins.paper_exchange.kinds import FAULT, LEDGER, MARKET_ENDED, STALLED
from plugins.paper_exchange.venue import Venue
from qtcore import Finding

STALL_S = 3.0
"""A market whose next moment is overdue by this much stands still."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def judged(venue: Venue, faults: Sequence[str] = ()) -> tuple[Finding, ...]:
    """What is wrong with the venue, and which faults it was told to have (as `BaseFault.shown` gives them)."""
    return (*_wrong(venue), *([_faults_active(faults)] if faults else ()))


def _wrong(venue: Venue) -> tuple[Finding, ...]:
    """The one thing that is wrong, if any: a dead ledger explains a market that stands still."""
    if venue.trouble is not None:
        return (LEDGER.found(venue.trouble),)
    if venue.ended:
        return (_market_ended(venue),)
    if (late_s := venue.overdue_s()) > STALL_S:
        return (STALLED.found(f"the market stands still: its next moment is overdue by {late_s:.1f} s"),)
    return ()


def market_time(market_ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=market_ms)


def _faults_active(faults: Sequence[str]) -> Finding:
    """One finding for all: they are one rehearsal."""
    return FAULT.found(
        f"the fault {faults[0]} is active" if len(faults) == 1 else f"faults are active: {'; '.join(faults)}"
    )


def _market_ended(venue: Venue) -> Finding:
    ended_at = market_time(venue.now_ms()).isoformat()
    return MARKET_ENDED.found(f"the market ended at {ended_at}: {venue.source.description}")
